//go:build !amd64 && !arm64

package develop

// implementations lists what this processor can run, fastest first.
func implementations() []implementation { return []implementation{generic} }
