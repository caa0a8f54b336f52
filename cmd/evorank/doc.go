// Command evorank trains neural networks without backpropagation.
//
// Convention: one file per subcommand, its help text first. A command reads
// its flags, calls the packages that do the work, prints results on standard
// output and everything else on standard error. Exit codes are design
// section 8's, and exit happens in main alone.
package main
