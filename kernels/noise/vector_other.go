//go:build !amd64 && !arm64

package noise

// implementations lists what this processor can run, fastest first.
func implementations() []implementation { return []implementation{generic} }
