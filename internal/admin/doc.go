// Package admin is the operator's interface to a running proxy, over HTTP: is it
// alive and ready, what does it count, how are its backends, where would a request
// go; and reload, drain, drill and undrain.
//
// It is for whoever has an account on the machine, so it knows no passwords. What
// it does defend against is a web page in such a person's browser: nothing is
// answered to a foreign name in Host (a page whose name was made to point here,
// known as DNS rebinding) nor to a request that another site began, and only POST
// changes anything.
//
// Nothing here runs on a loop, so a slow reader of metrics delays no client.
package admin
