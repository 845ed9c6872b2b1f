// Package proxy moves bytes between clients and backends: it listens, reads
// requests, finds their route, has the balancer choose a backend, forwards,
// retries, and answers by itself where nothing else can.
//
// What is decided elsewhere is carried out here: checks by package probe and
// evacuations by package evacuation get their connections and figures from a
// [Server], which puts into force what they find.
//
// Configuration in force is one immutable snapshot, read once a request and
// replaced whole by [Server.Reload]. What lives longer than a snapshot (backends
// with their counters, health and idle connections; listeners; connections) is
// carried from one to the next by identity.
//
// Ownership: whatever hangs off a worker belongs to that worker's loop and is
// touched only there: its exchanges, buffers, clients, idle backend connections
// and counters. Shared by all loops are the snapshot, the pools' views, in-flight
// counts, health and queues; each of these is atomic or locked off the hot path.
//
// Memory: an idle client holds its client and loop.Conn structs and nothing
// else; a running exchange one task, one exchange, and one or two buffers of
// bufferSize, more only while a head or a held body is larger.
package proxy
