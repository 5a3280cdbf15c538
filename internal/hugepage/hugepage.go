// Package hugepage asks the system for large pages under large buffers: with pages of 4 KiB a training step spends much of
// its time on page faults and on misses of the address cache, with pages of 2 MiB it does not.
package hugepage

// Least is the smallest buffer, in bytes, that Advise does something for.
const Least = 4 << 20
