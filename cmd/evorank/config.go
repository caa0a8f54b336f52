package main

import (
	"fmt"

	"github.com/evorank/evorank/configs"
	"github.com/urfave/cli/v2"
)

func configCommand() *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "list, print and check experiment configs",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "name the embedded configs", Action: configList},
			{
				Name: "print", Usage: "print a config with every knob resolved and explained", ArgsUsage: "CONFIG",
				Flags:  []cli.Flag{setFlag(), &cli.BoolFlag{Name: "plain", Usage: "without the explanations"}},
				Action: configPrint,
			},
			{
				Name: "check", Usage: "read a config, embedded or a file, and say whether it is valid", ArgsUsage: "CONFIG",
				Flags: []cli.Flag{setFlag()}, Action: configCheck,
			},
		},
	}
}

func setFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "set", Usage: "override a knob: `a.b=c`; may be repeated"}
}

func loadConfig(c *cli.Context, name string) (configs.Config, error) {
	cfg, err := configs.Load(name, c.StringSlice("set"))
	return cfg, usageError(err)
}

func configList(c *cli.Context) error {
	for _, name := range configs.Names() {
		cfg, err := configs.Load(name, nil)
		if err != nil {
			return usageError(err)
		}
		fmt.Fprintf(c.App.Writer, "%-34s %s\n", name, cfg.Description)
	}
	return nil
}

func configPrint(c *cli.Context) error {
	cfg, err := loadConfig(c, c.Args().First())
	if err != nil {
		return err
	}
	_, err = c.App.Writer.Write(cfg.Print(!c.Bool("plain")))
	return err
}

func configCheck(c *cli.Context) error {
	cfg, err := loadConfig(c, c.Args().First())
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s: valid, identity %016x\n", c.Args().First(), cfg.Identity())
	return nil
}
