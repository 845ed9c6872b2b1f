// Package loop runs straight-line network code on one event loop per CPU.
//
// A [Loop] owns its connections, its timers and its tasks: whatever belongs to
// a loop is touched only by code that runs on that loop, so none of it is
// locked. A [Task] is code written as if it blocked; where it waits, the loop
// goes on with others. A [Conn] is a socket of one loop. What comes from
// elsewhere enters by [Loop.Post].
//
// On Linux a loop is one goroutine around one epoll instance and a task is a
// coroutine. Elsewhere, and on Linux with the build tag "portable", a task is a
// goroutine, a Conn wraps a net.Conn, and a mutex a loop keeps the promise of
// ownership. The types and their contracts are the same.
//
// Memory: on Linux an idle connection is its Conn (176 bytes at most, held by a
// test) and a slot of 24 bytes in its loop; it has no task and no buffer.
// Elsewhere it has a goroutine besides, that waits for input.
//
// What only epoll has: bytes spliced past this process; a budget that ends a
// task's turn, where the operating system shares out the processor otherwise;
// and the hang-up of a watched peer that sent more than was read (see
// [Conn.Watch]), which otherwise the next write or read shows.
//
// A loop in steady use keeps its Go processor while it waits, for some
// milliseconds at most: [NewGroup] leaves one more for all other goroutines.
// Connections over loopback are taken out of BBR's pacing, which costs more
// there than all else.
//
// Three rules follow for code on a loop. It must never block (a channel, a
// mutex held across a wait, a file): [Task.Await] is for that. At most one task
// reads a Conn and at most one writes it at any moment. And a panic in a task
// ends that task only: the group reports it.
package loop
