// Package rig starts and ends the processes of a measurement, and knows the
// machine that they run on. It works on Linux only.
package rig
