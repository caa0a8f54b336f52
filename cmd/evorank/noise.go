package main

import (
	"bufio"
	"fmt"
	"math"

	"github.com/evorank/evorank/kernels/noise"
	"github.com/evorank/evorank/model"
	"github.com/urfave/cli/v2"
)

func noiseCommand() *cli.Command {
	return &cli.Command{
		Name:  "noise",
		Usage: "print the noise of a seed: hexadecimal float32 bits and decimal, one value a line",
		Description: "noise(seed, tensor, element) is the same on every device. The tensor word is\n" +
			"4 × the weight's number in the layout + part (W, A, B, D = 0 … 3): evorank inspect shows it.",
		Flags: []cli.Flag{
			&cli.Uint64Flag{Name: "seed", Usage: "of the gene"},
			&cli.Uint64Flag{Name: "tensor", Usage: "tensor word of the counter"},
			&cli.Uint64Flag{Name: "count", Usage: "number of values"},
			&cli.Uint64Flag{Name: "offset", Usage: "first element"},
		},
		Action: noiseAction,
	}
}

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
	out := bufio.NewWriter(c.App.Writer)
	chunk := make([]float32, 4096)
	for count > 0 {
		part := chunk[:min(uint64(len(chunk)), count)]
		noise.Fill(part, model.Seed(c.Uint64("seed")), uint32(tensor), int(offset))
		for _, x := range part {
			fmt.Fprintf(out, "%08x %v\n", math.Float32bits(x), x)
		}
		count, offset = count-uint64(len(part)), offset+uint64(len(part))
	}
	return out.Flush()
}
