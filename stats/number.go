package stats

import (
	"bytes"
	"encoding/json"
	"math"
)

// Number is a float64 that JSON can carry: NaN and the infinities, which mean
// that there is no such number, are written as null, and null is read as NaN.
type Number float64

var (
	none       = Number(math.NaN())
	noInterval = Interval{none, none}
)

// Known reports whether the number could be computed.
func (n Number) Known() bool {
	return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0)
}

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*n = none
		return nil
	}
	return json.Unmarshal(data, (*float64)(n))
}
