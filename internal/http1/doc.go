// Package http1 reads HTTP/1.1 heads and body framing in place, on byte slices.
//
// It is strict, because what is forwarded as it came must be read by the next
// hop as it was read here: whatever RFC 9110 and 9112 leave open to
// interpretation is an error, never a guess. What it returns points into the
// caller's buffer, which must stay as it is while the result is used. Nothing
// here does I/O or allocates once its slices have grown.
package http1
