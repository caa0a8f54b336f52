package gpu

import "time"

// Stream is a queue of work on a device; work on different streams may
// overlap. One goroutine at a time uses a stream.
type Stream struct {
	dev      *Device
	handle   uintptr
	captured *Traffic // not nil while the stream is captured
}

// NewStream makes a stream that does not wait for the legacy default stream.
func (d *Device) NewStream() (*Stream, error) {
	const nonBlocking = 1
	s := &Stream{dev: d}
	if err := d.do("make stream", d.String(), func() Code { return d.drv.StreamCreate(&s.handle, nonBlocking) }); err != nil {
		return nil, err
	}
	return s, nil
}

// Device returns the stream's device.
func (s *Stream) Device() *Device { return s.dev }

// Close destroys the stream; work already in it still runs.
func (s *Stream) Close() error {
	return s.dev.do("destroy stream", s.dev.String(), func() Code { return s.dev.drv.StreamDestroy(s.handle) })
}

// Synchronize waits for all work in the stream. The failure of a kernel that
// ran earlier is reported here.
func (s *Stream) Synchronize() error {
	return s.dev.do("wait for stream", s.dev.String(), func() Code { return s.dev.drv.StreamSynchronize(s.handle) })
}

// Wait makes later work in the stream wait for the event, without the host.
func (s *Stream) Wait(e *Event) error {
	return s.dev.do("wait for event", s.dev.String(), func() Code { return s.dev.drv.StreamWaitEvent(s.handle, e.handle, 0) })
}

// count adds copied bytes to the device's counters, or to the graph's.
func (s *Stream) count(up, down uint64) {
	if s.captured != nil {
		s.captured.HostToDevice += up
		s.captured.DeviceToHost += down
		return
	}
	s.dev.traffic.up.Add(up)
	s.dev.traffic.down.Add(down)
}

// Event marks a point in a stream.
type Event struct {
	dev    *Device
	handle uintptr
}

// NewEvent makes an event that can be timed.
func (d *Device) NewEvent() (*Event, error) {
	e := &Event{dev: d}
	if err := d.do("make event", d.String(), func() Code { return d.drv.EventCreate(&e.handle, 0) }); err != nil {
		return nil, err
	}
	return e, nil
}

// Record moves the event to the stream's present end.
func (e *Event) Record(s *Stream) error {
	return e.dev.do("record event", e.dev.String(), func() Code { return e.dev.drv.EventRecord(e.handle, s.handle) })
}

// Synchronize waits until the stream has passed the event.
func (e *Event) Synchronize() error {
	return e.dev.do("wait for event", e.dev.String(), func() Code { return e.dev.drv.EventSynchronize(e.handle) })
}

// Since returns the device's time from an earlier event to this one. Both
// must have been passed.
func (e *Event) Since(start *Event) (time.Duration, error) {
	var ms float32
	err := e.dev.do("read event", e.dev.String(), func() Code { return e.dev.drv.EventElapsedTime(&ms, start.handle, e.handle) })
	return time.Duration(float64(ms) * float64(time.Millisecond)), err
}

// Close destroys the event.
func (e *Event) Close() error {
	return e.dev.do("destroy event", e.dev.String(), func() Code { return e.dev.drv.EventDestroy(e.handle) })
}

// Graph is recorded work that is launched as one.
type Graph struct {
	dev     *Device
	exec    uintptr
	traffic Traffic // of one launch
}

// Capture records what record puts into the stream, without running it.
// Kernel arguments are copied now; pinned memory is read and written at each
// launch.
func (s *Stream) Capture(record func() error) (*Graph, error) {
	const relaxed = 2 // NOTE: the only mode that may begin and end on different OS threads
	d := s.dev
	err := d.do("begin capture", d.String(), func() Code { return d.drv.StreamBeginCapture(s.handle, relaxed) })
	if err != nil {
		return nil, err
	}
	s.captured = new(Traffic)
	recordErr := record()
	g := &Graph{dev: d, traffic: *s.captured}
	s.captured = nil
	var graph uintptr
	err = d.do("end capture", d.String(), func() Code { return d.drv.StreamEndCapture(s.handle, &graph) })
	if recordErr != nil {
		err = recordErr
	}
	if err == nil {
		err = d.do("instantiate graph", d.String(), func() Code { return d.drv.GraphInstantiate(&g.exec, graph, 0) })
	}
	if graph != 0 {
		if destroyErr := d.do("destroy graph", d.String(), func() Code { return d.drv.GraphDestroy(graph) }); err == nil {
			err = destroyErr
		}
	}
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Launch puts the recorded work into a stream.
func (g *Graph) Launch(s *Stream) error {
	err := g.dev.do("launch graph", g.dev.String(), func() Code { return g.dev.drv.GraphLaunch(g.exec, s.handle) })
	if err == nil {
		s.count(g.traffic.HostToDevice, g.traffic.DeviceToHost)
	}
	return err
}

// Traffic returns the bytes that one launch copies.
func (g *Graph) Traffic() Traffic { return g.traffic }

// Close destroys the graph.
func (g *Graph) Close() error {
	return g.dev.do("destroy graph", g.dev.String(), func() Code { return g.dev.drv.GraphExecDestroy(g.exec) })
}
