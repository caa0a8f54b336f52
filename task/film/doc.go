// Package film shows a sequence of pictures: as an animated GIF, as a folder of
// PNG files, or in a terminal.
//
// The one convention: every picture is an opaque *image.RGBA, and all pictures
// of a film have the size of the first. A film holds one picture at a time,
// however long it is; that is why the GIF's frame blocks are written here and
// only their compression is the standard library's, whose encoder wants all
// pictures at once.
//
// It knows no game, and never reads a clock: how long a picture stands is a
// number in the file, or the caller's business.
package film
