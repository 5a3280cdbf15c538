// Package conformance is the table of what every registered task promises, without its author doing anything: it learns, the same bits come
// of any number of threads, of a resume from any step, of any memory limit, watched or not; what is broken is survived and what is kept can be
// loaded. A task is in it as soon as it is registered.
//
//	go test ./internal/conformance -run 'TestTask/.*/rotation'
//	go test ./internal/conformance/films -run 'TestTask/.*/track'
package conformance
