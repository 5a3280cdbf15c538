// Package stream is the one table of random streams. Every stream is derived from a seed by its name here and by what it is keyed
// by, so that no two purposes share numbers, and a reader finds in one place what is random.
package stream

// The streams of a run, under the run's seed.
const (
	Order   uint64 = 0x01   // which samples, in which order: epoch
	Sample  uint64 = 0x02   // what a sample's views draw: epoch, sample, attempt
	Replace uint64 = 0x03   // which sample stands in for a broken one: epoch, sample
	Step    uint64 = 0x57e9 // what a step draws: step, micro-batch
	Init    uint64 = 0x1417 // the weights that a run begins with: Trunk or Head
	HoldOut uint64 = 0x401d // which samples are held out for the monitor
	Monitor uint64 = 0x300c // which samples the monitor looks at: Held or Near
	Look    uint64 = 0x100c // what a look's steps draw: step
	Tape    uint64 = 0x7a9e // under a step's stream, what a loss's tape draws: where the loss is declared
	Part    uint64 = 0x9a47 // under Head, and for a seed of its own: one of several tasks on a trunk, by its place
)

// The parts of Monitor.
const (
	Held uint64 = 1
	Near uint64 = 2
)

// The parts of Init.
const (
	Trunk uint64 = 1
	Head  uint64 = 2
)

// The streams of an evaluation, under its own seed.
const (
	Split      uint64 = 0x5eed  // which fifth of a folder is the test set
	ProbeDecay uint64 = 0x9b0be // on which training samples a probe chooses its decay
	ProbeOrder uint64 = 0x59d   // the order of a probe's batches: epoch
	SVMOrder   uint64 = 0x5733a // in which order a support vector machine looks at samples: class
	SVMFolds   uint64 = 0x5733f // which samples choose its C together
	KMeans     uint64 = 0x3ea25 // with which centres clusters begin: restart
	Gallery    uint64 = 0x6a11  // which queries a gallery shows
	Bootstrap  uint64 = 0xb0075 // which samples an interval draws anew
	Shots      uint64 = 0x54075 // which training samples are the few of a class: sample, class
	Rescale    uint64 = 0x4e5ca // the random cost that weights are rescaled by
	Semi       uint64 = 0x5e31  // which labels are known: draw
	Chance     uint64 = 0xc4a0c // the orders that a random ranking has: number
	Mix        uint64 = 0x3178  // how a batch of fine-tuning is mixed: update
	Cells      uint64 = 0xce115 // which vectors cells are made of, and which are held out
)

// The streams of data. (The first n of a seeded order are the stream of seed 1 itself.)
const (
	Scenes  uint64 = 0x5ce4e5 // a scene: split, number
	Films   uint64 = 0xf1135  // a film of scenes: split, number
	Sounds  uint64 = 0x50d5   // a film of scenes with sound: split, number
	Places  uint64 = 0x91ace  // a background that films share: number
	Patches uint64 = 0x9a7c4  // a patch of a picture: number
)

// The streams of a task, under a seed that it draws from Head.
const (
	Exemplar uint64 = 0xe8e3 // a patch's place and its views: patch, 0 or 1 and the view's number
	Clusters uint64 = 0xc1a5 // clusters of pictures: epoch, and one of the three below
)

// The parts of Clusters.
const (
	ClusterCentres uint64 = 1 // where clusters begin
	ClusterClasses uint64 = 2 // the classifier that begins anew
	ClusterDraws   uint64 = 3 // which pictures are shown
)
