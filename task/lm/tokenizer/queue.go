package tokenizer

// queue is a binary heap of typed items, first one first. (container/heap would
// box every item.)
type queue[T interface{ before(T) bool }] []T

func (q *queue[T]) push(item T) {
	*q = append(*q, item)
	h := *q
	at := len(h) - 1
	for at > 0 {
		parent := (at - 1) / 2
		if !h[at].before(h[parent]) {
			return
		}
		h[at], h[parent] = h[parent], h[at]
		at = parent
	}
}

func (q *queue[T]) pop() T {
	h := *q
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*q = h
	for at := 0; ; {
		child := 2*at + 1
		if child >= last {
			return first
		}
		if child+1 < last && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[at]) {
			return first
		}
		h[at], h[child] = h[child], h[at]
		at = child
	}
}
