// Package gpu drives NVIDIA GPUs: the CUDA driver API (libcuda.so.1) and the
// readings of NVML (libnvidia-ml.so.1), both opened when first needed, without
// cgo and without a CUDA toolkit. It knows nothing of evolution or networks.
//
// Convention, the one rule for OS threads: the driver keeps the current
// context per OS thread, and goroutines move between threads. So everything
// that needs a context goes through Device.do, which pins the goroutine to its
// thread, makes the device's primary context current and makes the call. There
// is no other way to the driver's context-bound functions, all methods may be
// called from any goroutine, and different goroutines may use one device as
// long as each uses its own streams. Stream capture is "relaxed", the mode
// that ties no capture to a thread.
//
// Whatever the world does wrong is an error of the form "operation: thing:
// cause": *Error carries the driver's error code, *UnusableError the reason why
// there is no usable GPU. The package never falls back to anything, never makes a
// call that failed again (WithinMemory tries another, for less memory) and
// prints nothing. Built with the tag nogpu, or for systems other
// than Linux on amd64 and arm64, it has the same functions and every device
// reports that it was built without GPU support.
package gpu
