// Package plot draws the figures of a study: learning curves, final values,
// value against rank, throughput against width, the lineage of the survivors,
// diversity; and a small curve for a terminal.
//
// Convention: a function takes plain series, already summarised, and returns a
// Figure, which writes itself as SVG or PNG. Every condition differs from the
// others by colour, by dash and by marker, so that a figure can be read in
// print and by the colour-blind (colours of Okabe and Ito 2008). Axes name
// what they show and its unit. The same input gives the same bytes.
//
// The package computes no statistics (package stats has Band and Series of the
// same shape, which convert), leaves out no point silently, and knows nothing
// of runs. Values that are not finite are an error, except in Terminal, where
// they are counted below the curve.
package plot
