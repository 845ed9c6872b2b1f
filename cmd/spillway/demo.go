package main
func demoCommand(c *console, args []string) error    { return errUsage }
