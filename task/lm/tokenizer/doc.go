// Package tokenizer turns text into label ids and back, and learns
// vocabularies from text.
//
// A tokenizer is a Hugging Face tokenizer.json of one family: text is
// normalised (NFD, lower case, accents stripped), cut into words (runs of word
// characters, runs of punctuation, single digits), and each word becomes labels
// by byte-pair encoding over characters (model type BPE) or as a whole (model
// type WordLevel). Encode gives the ids that the Hugging Face library gives.
// Whatever else such a file may ask for is refused by name: a tokenizer that is
// almost right would train a model on almost the right text.
//
// The one convention: a label is an index into the tokenizer's vocabulary, and a
// model id is what a network embeds and predicts. Model ids are 0 unknown and
// padding, 1 start, 2 end, and label k is k+3 ([ModelIDs]).
//
// The package never keeps white space (this family cannot represent it), never
// repairs text, and reads no stories: package text does.
package tokenizer
