package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/digest"
	"github.com/evorank/evorank/kernels/image"
	"github.com/evorank/evorank/kernels/noise"
	"github.com/evorank/evorank/model"
	"github.com/urfave/cli/v2"
)

func noiseCommand() *cli.Command {
	return &cli.Command{
		Name:  "noise",
		Usage: "print the noise of a seed: hexadecimal float32 bits and decimal, one value a line",
		Description: "noise(seed, tensor, element) is the same on every device: compare what --device cpu\n" +
			"and --device cuda print, or, for many values, the one line of --digest.\n" +
			"The tensor word is 4 × the weight's number in the layout + part (W, A, B, D = 0 … 3):\n" +
			"evorank inspect shows it.",
		Flags: []cli.Flag{
			&cli.Uint64Flag{Name: "seed", Usage: "of the gene"},
			&cli.Uint64Flag{Name: "tensor", Usage: "tensor word of the counter"},
			&cli.Uint64Flag{Name: "count", Usage: "number of values"},
			&cli.Uint64Flag{Name: "offset", Usage: "first element"},
			&cli.BoolFlag{Name: "digest", Usage: "print the digest of the values instead (docs/digest.md)"},
			&cli.StringFlag{Name: "device", Value: "cpu", Usage: "cpu, cuda or cuda:1"},
		},
		Action: noiseAction,
	}
}

// noiseChunk is the number of values that are made at a time.
const noiseChunk = 1 << 20

func noiseAction(c *cli.Context) error {
	const most = 1 << 34 // the counter has 32 bits for blocks of four
	if err := need(c, "seed", "tensor", "count"); err != nil {
		return err
	}
	tensor, count, offset := c.Uint64("tensor"), c.Uint64("count"), c.Uint64("offset")
	if tensor > math.MaxUint32 {
		return usagef("noise: --tensor %d: does not fit 32 bits", tensor)
	}
	if offset > most || count > most-offset {
		return usagef("noise: --offset %d --count %d: a tensor has at most 2^34 elements", offset, count)
	}
	fill, done, err := noiseSource(c.String("device"), model.Seed(c.Uint64("seed")), uint32(tensor))
	if err != nil {
		return err
	}
	err = printNoise(c, fill, offset, count)
	return errors.Join(err, withCode(exitDevice, done()))
}

// printNoise prints the values, or their digest.
func printNoise(c *cli.Context, fill noiseFiller, offset, count uint64) error {
	out, sum := bufio.NewWriter(c.App.Writer), digest.New()
	chunk := make([]float32, min(noiseChunk, count))
	for at, end := offset, offset+count; at < end; at += uint64(len(chunk)) {
		chunk = chunk[:min(uint64(len(chunk)), end-at)]
		if err := fill(chunk, int(at)); err != nil {
			return withCode(exitDevice, err)
		}
		if c.Bool("digest") {
			sum.Add(chunk)
			continue
		}
		for _, x := range chunk {
			fmt.Fprintf(out, "%08x %v\n", math.Float32bits(x), x)
		}
	}
	if c.Bool("digest") {
		fmt.Fprintf(out, "%s  %d values\n", sum.Digest(), count)
	}
	return out.Flush()
}

// noiseFiller sets dst to the noise of elements from first on.
type noiseFiller func(dst []float32, first int) error

// noiseSource makes noise on a device; done gives the device back.
func noiseSource(device string, seed model.Seed, tensor uint32) (fill noiseFiller, done func() error, err error) {
	selection, err := gpu.ParseSelection(device)
	if err != nil {
		return nil, nil, usageError(err)
	}
	if !selection.CUDA {
		onCPU := func(dst []float32, first int) error { noise.Fill(dst, seed, tensor, first); return nil }
		return onCPU, func() error { return nil }, nil
	}
	if len(selection.Ordinals) != 1 {
		return nil, nil, usagef("noise: --device %s: one GPU at a time", device)
	}
	d, err := gpu.Open(selection.Ordinals[0])
	if err != nil {
		return nil, nil, withCode(exitDevice, err)
	}
	fill, err = noiseOnGPU(d, seed, tensor)
	if err != nil {
		return nil, nil, withCode(exitDevice, errors.Join(err, d.Close()))
	}
	return fill, d.Close, nil // the device's memory and kernels go with it
}

func noiseOnGPU(d *gpu.Device, seed model.Seed, tensor uint32) (noiseFiller, error) {
	m, err := image.Load(d, "")
	if err != nil {
		return nil, err
	}
	kernel, err := noise.NewGPU(m)
	if err != nil {
		return nil, err
	}
	s, err := d.NewStream()
	if err != nil {
		return nil, err
	}
	buffer, err := gpu.Alloc[float32](d, "noise", noiseChunk)
	if err != nil {
		return nil, err
	}
	return func(dst []float32, first int) error {
		values := buffer.Slice(0, len(dst))
		if err := kernel.Fill(s, values, seed, tensor, first); err != nil {
			return err
		}
		return gpu.Read(s, dst, values)
	}, nil
}
