package main

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// svg writes the few shapes that plots need.
type svg struct{ out io.Writer }

func newSVG(out io.Writer, width, height float64) svg {
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif">`+"\n", width, height, width, height)
	fmt.Fprintf(out, `<rect width="%g" height="%g" fill="#ffffff"/>`+"\n", width, height)
	return svg{out}
}

func (s svg) close() { fmt.Fprintln(s.out, "</svg>") }

type textStyle struct {
	size   float64
	fill   string
	anchor string // start, middle, end
	bold   bool
	turned bool // by a quarter, to be read upwards
}

func (s svg) text(x, y float64, what string, t textStyle) {
	more := ""
	if t.bold {
		more += ` font-weight="bold"`
	}
	if t.turned {
		more += fmt.Sprintf(` transform="rotate(-90 %.1f %.1f)"`, x, y)
	}
	fmt.Fprintf(s.out, `<text x="%.1f" y="%.1f" font-size="%g" fill="%s" text-anchor="%s"%s>%s</text>`+"\n", x, y, t.size, t.fill, t.anchor, more, html.EscapeString(what))
}

type lineStyle struct {
	color string
	width float64
	dash  string
}

func (l lineStyle) attributes() string {
	dash := ""
	if l.dash != "" {
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, l.dash)
	}
	return fmt.Sprintf(`fill="none" stroke="%s" stroke-width="%g" stroke-linejoin="round" stroke-linecap="round"%s`, l.color, l.width, dash)
}

func (s svg) line(x1, y1, x2, y2 float64, l lineStyle) {
	fmt.Fprintf(s.out, `<path d="M%.1f %.1fL%.1f %.1f" %s/>`+"\n", x1, y1, x2, y2, l.attributes())
}

type point struct{ x, y float64 }

func (s svg) curve(points []point, l lineStyle) {
	var path strings.Builder
	for i, p := range points {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", letter, p.x, p.y)
	}
	fmt.Fprintf(s.out, `<path d="%s" %s/>`+"\n", path.String(), l.attributes())
}
