// Package lineage keeps the one truth of a run: an append-only log of every
// individual of every generation, from which any genome, and so any network,
// can be made again. Equal runs have equal bytes: nothing of clock, host or
// device is in it, except that a run continued on another kind of device says
// so with a mark.
//
// The file, all numbers little-endian:
//
//	header, 64 bytes
//	   0  magic        8 bytes  "evorankL"
//	   8  version      uint32   1
//	  12  earlier      uint32   stages of a generation before the last: 0 to 3
//	  16  config       32 bytes SHA-256 of the resolved config
//	  48  seed         uint64   of the run
//	  56  population   uint32
//	  60  checksum     uint32   of bytes 0 to 59
//	then blocks, each
//	   0  kind         uint32   1 generation, 2 device change
//	   4  generation   uint32   1, 2, 3 …; of a mark: the last one before it
//	   8  records      uint32   the population; of a mark: 0
//	  12  checksum     uint32   of bytes 0 to 11
//	  16  the records, 56 bytes and 8 for each earlier stage, in the order of
//	      their index
//	      checksum     uint32   of the records
//	and each record
//	   0  id           uint64
//	   8  parent       uint64   0: a founder
//	  16  seed         uint64   of the gene
//	  24  fitness      float64
//	  32  digest       uint64   0 unless selected
//	  40  multiplier   float32  of the gene
//	  44  cases        int32
//	  48  selected     int32    slot, or -1
//	  52  gene kind    uint8, then three zero bytes
//	  56  fitness      float64  after each earlier stage; of who was eliminated,
//	                            the last it had
//
// Checksums are CRC-32C. A block is written in one piece and synced before the
// next one is written; one that a crash cut short is dropped. The block's head
// has a checksum of its own so that damage to its size cannot pass for a crash.
// Any other difference between the file and this format is an error that names
// the byte.
//
// Package lineage never repairs, never rewrites what was complete, and never
// holds more than one generation in memory, ancestors aside.
package lineage
