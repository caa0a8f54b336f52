// Package text reads stories from files and turns them into the packed model ids
// that language models are trained and scored on.
//
// A file is plain, gzip or zstd (told by its first bytes) and holds stories in one
// of three formats: separated by a line <|endoftext|>, one a line, or one a line
// as a field of a JSON object. [Source.Open] streams stories as text, [Load] gives
// them tokenized, through a cache on disk.
//
// The one convention: lines end in "\n" or "\r\n", and neither belongs to a line.
// A story of several lines has "\n" between them whatever the file has, so a file
// means the same on every system. Stories without a visible character are skipped
// and counted.
//
// The package never repairs text: what is not UTF-8 is an error with its line and
// byte. It sets no bound on a story's length; evaluators know what fits.
package text
