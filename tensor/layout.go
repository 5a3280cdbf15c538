package tensor

// Layout says what the axes of a network's tensor mean, for those who write and read the files of frameworks whose axes lie
// otherwise. The rank does not tell: a table [V D] and a linear layer's weight [I O] both have two axes.
type Layout int

// The layouts.
const (
	Plain  Layout = iota // the same everywhere: vectors, tables [V D], queues and statistics
	Kernel               // the last two axes are channels: linear [I O], convolution [KH KW I/G O], transposed convolution [KH KW O/G I]
)
