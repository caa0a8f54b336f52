package gpu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Selection is which devices a user asked for. The zero value is the CPU.
type Selection struct {
	CUDA     bool
	All      bool  // every GPU that the driver shows
	Ordinals []int // in the order asked for, each once; none with All
}

// ParseSelection reads cpu, cuda (the first GPU), cuda:0, cuda:0,1 or cuda:all.
func ParseSelection(text string) (Selection, error) {
	kind, list, hasList := strings.Cut(text, ":")
	switch {
	case text == "cpu":
		return Selection{}, nil
	case text == "cuda":
		return Selection{CUDA: true, Ordinals: []int{0}}, nil
	case text == "cuda:all":
		return Selection{CUDA: true, All: true}, nil
	case kind != "cuda" || !hasList:
		return Selection{}, fmt.Errorf("device: %q: want cpu, cuda, cuda:0, cuda:0,1 or cuda:all", text)
	}
	s := Selection{CUDA: true}
	for _, field := range strings.Split(list, ",") {
		ordinal, err := strconv.ParseUint(field, 10, 16)
		if err != nil {
			return Selection{}, fmt.Errorf("device: %q: %q is not a device number", text, field)
		}
		if slices.Contains(s.Ordinals, int(ordinal)) {
			return Selection{}, fmt.Errorf("device: %q: device %d is named twice", text, ordinal)
		}
		s.Ordinals = append(s.Ordinals, int(ordinal))
	}
	return s, nil
}

// String returns what ParseSelection reads.
func (s Selection) String() string {
	switch {
	case !s.CUDA:
		return "cpu"
	case s.All:
		return "cuda:all"
	}
	fields := make([]string, len(s.Ordinals))
	for i, ordinal := range s.Ordinals {
		fields[i] = strconv.Itoa(ordinal)
	}
	return "cuda:" + strings.Join(fields, ",")
}

// Open opens the selected GPUs in order, or none for the CPU. If one cannot be
// opened, none is.
func (s Selection) Open() ([]*Device, error) {
	if !s.CUDA {
		return nil, nil
	}
	ordinals := s.Ordinals
	if s.All {
		infos, err := Devices()
		if err != nil {
			return nil, err
		}
		for i := range infos {
			ordinals = append(ordinals, i)
		}
		if len(infos) == 0 {
			ordinals = []int{0} // so that Open says why there is none
		}
	}
	return openAll(ordinals, Open)
}

func openAll(ordinals []int, open func(int) (*Device, error)) ([]*Device, error) {
	var devices []*Device
	for _, ordinal := range ordinals {
		d, err := open(ordinal)
		if err != nil {
			for _, opened := range devices {
				_ = opened.Close() // the reason for giving up is err
			}
			return nil, err
		}
		devices = append(devices, d)
	}
	return devices, nil
}
