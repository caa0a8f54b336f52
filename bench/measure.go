package bench

import "time"

// Measure is one line of the tables of noise, development and transfers.
type Measure struct {
	Name           string  `json:"name"`
	Device         string  `json:"device"` // cpu or cuda:N
	Threads        int     `json:"threads,omitempty"`
	Seconds        float64 `json:"median_seconds"`
	PerSecond      float64 `json:"per_second,omitempty"`
	Unit           string  `json:"unit,omitempty"` // of PerSecond
	BytesPerSecond float64 `json:"bytes_per_second,omitempty"`
	OfCopyCeiling  float64 `json:"of_copy_ceiling,omitempty"` // measured in the same run
	Checked        string  `json:"checked,omitempty"`         // what was compared first
}

// rates fills in what follows from the time.
func (m Measure) rates(seconds, units, bytes, ceiling float64) Measure {
	m.Seconds, m.PerSecond, m.BytesPerSecond = seconds, units/seconds, bytes/seconds
	if ceiling > 0 {
		m.OfCopyCeiling = m.BytesPerSecond / ceiling
	}
	return m
}

// Clock times by the clock that it is given.
type Clock struct {
	Repeat int
	Now    func() time.Time
}

// median runs work once, untimed, then Repeat times, and returns the median in
// seconds.
func (c Clock) median(work func() error) (float64, error) {
	if err := work(); err != nil {
		return 0, err
	}
	seconds := make([]float64, c.Repeat)
	for i := range seconds {
		begun := c.Now()
		if err := work(); err != nil {
			return 0, err
		}
		seconds[i] = c.Now().Sub(begun).Seconds()
	}
	return median(seconds), nil
}
