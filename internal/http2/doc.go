// Package http2 speaks HTTP/2 (RFC 9113) on the event loops of package loop, as
// server and as client, so that its users speak HTTP/1.1 only.
//
// The idea: a [Stream] stands in for an HTTP/1.1 connection that serves one
// request. It is a [loop.Stream] on which HTTP/1.1 text is read and written, while
// frames travel on the wire. So what a proxy does with messages is written once;
// HTTP/1.1's strict parser judges every head, and nothing passes that it forbids;
// HTTP/2 is a front of it ([Worker.Serve]), or a back ([Worker.NewClientConn]).
// Bodies without a length come and go as chunks, trailers in their trailer section, and a
// WebSocket of extended CONNECT (RFC 8441) as a switch of protocols.
//
// What HTTP/1's parser could not see is judged here: pseudo-fields, the case of names,
// connection-specific fields, and DATA that disagrees with content-length. Such a
// message is a stream error, and its user sees the stream fail, or nothing.
//
// A connection has no task while nothing happens on it. One reads it when there
// is input; one writes it when there is output, behind all that runs in the same
// turn of the loop, so that the frames of many streams leave in one write. The
// frames are taken apart and put together here, not by x/net's Framer: that keeps a
// buffer of a whole frame for each connection and copies every payload into it.
// x/net's hpack decodes; what it encodes is chosen here (see fieldWriter).
//
// Memory. An idle connection has no buffer: its struct is about 0.6 KiB, and its
// HPACK tables hold 4 KiB of strings and their index at the most for each direction
// in which heads have gone. While it is busy it borrows one block of 32 KiB
// to read and as many as wait to be written: DATA is taken while less than 64 KiB
// wait, heads while less than 256 KiB do, and above 512 KiB of answers to frames nothing
// more is read. A stream is about 0.35 KiB, and in blocks of 4 KiB what was sent to it
// and not read: a head of at most MaxHeaderList, and a body within its window,
// all bodies of a connection together within the connection's window. Windows are
// given anew only as the stream is read.
//
// Streams reset or refused, and frames that bring nothing, have budgets (see
// [Abuse]); a connection that exceeds one ends with ENHANCE_YOUR_CALM. A stream that
// is reset counts against the limit of concurrency until its user has closed it, and one
// that is reset before it was handed over costs nothing but its decoding.
package http2
