// Package configs holds the experiments: embedded YAML files, and the code
// that reads, checks, merges and prints them.
//
// Convention: a knob is one field of Config. Its name, its documentation, its
// unit and its bounds stand in the field's tags, its default in Default, and
// nowhere else: reading, checking, printing and --set all walk the same
// fields. Unknown keys are errors. A file may extend another: an embedded one by
// name, or a file by its path, seen from where the extending one lies.
//
// No other package sees a Config: whoever builds a run from one passes small
// structs on.
package configs
