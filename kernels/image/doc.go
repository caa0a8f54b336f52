// Package image holds the built kernels: one compressed fat binary with
// machine code for the architectures in its manifest and PTX, which the
// driver compiles for newer ones.
//
// Convention: kernels/**/*.cu are the truth. The command in build compiles
// them; a test here fails when a source changed and the image did not. There
// is no toolkit, no compile step and no fallback at run time. Built with the
// tag nogpu, the program carries no image.
package image
