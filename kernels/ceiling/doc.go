// Package ceiling measures how fast the units of a GPU are when nothing else
// holds them up: exponentials, float32 multiply-adds, tensor-core products and
// copies in device memory. Benchmarks give their rates as shares of these.
//
// Convention: rates are per second of device time, at whatever clock the card
// runs; measure them in the same run as what is compared with them. It is no
// part of training.
package ceiling
