package gpu

// Card is a GPU as the CUDA driver shows it to this process, with what NVML
// reports of the same card. CUDA_VISIBLE_DEVICES hides and reorders CUDA's
// ordinals and leaves NVML's alone, so the two are joined by the PCI bus id.
type Card struct {
	Info
	Index   *int     `json:"nvml_index,omitempty"` // its number in nvidia-smi
	Reading *Reading `json:"reading,omitempty"`
	Note    string   `json:"reading_error,omitempty"` // why there is no reading
}

// Cards describes all devices that the driver shows, in CUDA's order; that
// there is none is an error with the reason. A missing NVML is noted only.
func Cards() ([]Card, error) {
	drv, err := loaded()
	if err != nil {
		return nil, err
	}
	return drv.cards(OpenMonitor)
}

func (d *driver) cards(open func(busID string) (*Monitor, error)) ([]Card, error) {
	infos, err := d.devices()
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		return nil, &UnusableError{Reason: NoDevice, Detail: "the driver sees no GPU" + visibility()}
	}
	cards := make([]Card, len(infos))
	for i, info := range infos {
		cards[i].Info = info
		if err := cards[i].read(open); err != nil {
			cards[i].Note = err.Error()
		}
	}
	return cards, nil
}

// read asks NVML about the card.
func (c *Card) read(open func(busID string) (*Monitor, error)) error {
	monitor, err := open(c.BusID)
	if err != nil {
		return err
	}
	index, err := monitor.Index()
	if err != nil {
		return err
	}
	reading, err := monitor.Read()
	if err != nil {
		return err
	}
	c.Index, c.Reading = &index, &reading
	return nil
}
