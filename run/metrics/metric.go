package metrics

// Metric is a key of metrics.jsonl.
type Metric struct {
	Key    string
	Unit   string // or nothing
	Better Direction
}

// Direction says which values of a metric are the better ones.
type Direction string

// The directions.
const (
	Lower   Direction = "lower"
	Higher  Direction = "higher"
	Neither Direction = ""
)
