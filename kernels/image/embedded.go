//go:build !nogpu

package image

import _ "embed"

//go:embed evorank.fatbin
var fatbin []byte

//go:embed manifest.json
var manifestJSON []byte
