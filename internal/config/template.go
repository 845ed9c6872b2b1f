package config

// TemplateVariable is a part of a request that a Template can name.
type TemplateVariable uint8

// The variables of a template, by how the file writes them.
const (
	Literal       TemplateVariable = iota // no variable: the part's Text
	RequestScheme                         // {scheme}: http or https
	RequestHost                           // {host}: as the client sent it, without port
	RequestPort                           // {port}: the port the client sent, else the scheme's
	RequestPath                           // {path}: the client's bytes
	RequestQuery                          // {query}: with its question mark; empty if there is none
)

// TemplatePart is a literal text or a variable.
type TemplatePart struct {
	Variable TemplateVariable
	Text     string // of a Literal
}

// Template is a text with variables, in order.
type Template []TemplatePart
