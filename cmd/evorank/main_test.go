package main

import (
	"os"
	"testing"
)

// TestMain keeps commands that name no device on the CPU, so that what the
// tests expect is the same on a machine with a GPU. Tests that want one name it.
func TestMain(m *testing.M) {
	if os.Getenv("EVORANK_DEVICE") == "" {
		os.Setenv("EVORANK_DEVICE", "cpu")
	}
	os.Exit(m.Run())
}
