//go:build !linux || !(amd64 || arm64) || nogpu

package gpu

// openLibrary stands in for the loader where GPUs are not supported.
func openLibrary(string, string, []symbol) error {
	return &UnusableError{Reason: NotBuilt, Detail: "this program was built without GPU support"}
}
