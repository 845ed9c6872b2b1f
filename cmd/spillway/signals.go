package main

type signalKind uint8

const (
	signalEnd signalKind = iota
	signalReload
	signalReopen
)
