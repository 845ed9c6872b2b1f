// Package http1 reads HTTP/1.1 heads and body framing in place, on byte slices.
//
// What a proxy forwards as it came must be read by the next hop as it was read
// here. So the package is strict: where RFC 9110 and 9112 allow a choice between
// repairing and refusing a message, or leave its meaning open, it is refused.
//
// The readers, [Request], [Response] and [Chunks], take bytes as they come, in
// pieces of any size, and say the same whatever the pieces. They report an error
// as soon as it is certain. Results point into the caller's buffer, which must
// stay as it is while they are used. Nothing here does I/O, keeps a clock, or
// allocates once its slices have grown; each reader is for one goroutine.
package http1
