package carracing

import "image"

// Image is the observation as an image.
func (o *Obs96) Image() *image.RGBA { return imageOf(o[:], 96, 96) }

// Image is the observation as an image.
func (o *Obs64) Image() *image.RGBA { return imageOf(o[:], 64, 64) }

// Image is the picture as an image.
func (p *Picture) Image() *image.RGBA { return imageOf(p[:], pictureWidth, pictureHeight) }

func imageOf(from []uint8, width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for to := m.Pix; len(to) > 0; from, to = from[3:], to[4:] {
		copy(to, from[:3])
		to[3] = 0xff
	}
	return m
}
