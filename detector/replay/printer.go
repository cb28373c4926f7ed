package replay

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/outcryhq/outcry/pkg/outage"
)

// printer prints each outage once, when nothing can change in it any more, in
// the order of detection.
type printer struct {
	out     *json.Encoder
	waiting []outage.Outage // by detection, the first not final
	printed int
}

func newPrinter(w io.Writer) *printer {
	p := &printer{out: json.NewEncoder(w)}
	p.out.SetEscapeHTML(false)
	return p
}

func (p *printer) outages() int { return p.printed + len(p.waiting) }

// take notes what changed, and prints what has become final.
func (p *printer) take(changed []outage.Outage) error {
	for _, o := range changed {
		p.note(o)
	}
	for len(p.waiting) > 0 && p.waiting[0].Final {
		if err := p.print(); err != nil {
			return err
		}
	}
	return nil
}

func (p *printer) note(o outage.Outage) {
	for i := range p.waiting {
		if p.waiting[i].ID == o.ID {
			p.waiting[i] = o
			return
		}
	}
	p.waiting = append(p.waiting, o)
}

// end prints the others as they are.
func (p *printer) end() error {
	for len(p.waiting) > 0 {
		if err := p.print(); err != nil {
			return err
		}
	}
	return nil
}

func (p *printer) print() error {
	if err := p.out.Encode(p.waiting[0]); err != nil {
		return fmt.Errorf("print an outage: %w", err)
	}
	p.waiting = p.waiting[1:]
	p.printed++
	return nil
}
