//go:build nogpu

package image

var fatbin, manifestJSON []byte
