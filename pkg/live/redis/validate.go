package redis

import (
	"fmt"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// maxService bounds a service's name, in bytes; catalogs are stricter.
	maxService = 128
	// maxText bounds a report's other texts, in bytes.
	maxText = 1024
)

// validate refuses a report that could not be counted, or whose names could
// run into one another in a key.
func validate(now time.Time, r *outage.Report) error {
	switch {
	case r.ID.IsZero():
		return fmt.Errorf("%w: a report needs an id", outage.ErrInvalid)
	case r.Reporter.IsZero():
		return fmt.Errorf("%w: a report needs a reporter", outage.ErrInvalid)
	case r.Service == "" || len(r.Service) > maxService || strings.ContainsAny(r.Service, ":/{}"):
		return fmt.Errorf("%w: a service's name has 1 to %d bytes without : / { }", outage.ErrInvalid, maxService)
	case len(r.Country) != 2 || !isLetter(r.Country[0]) || !isLetter(r.Country[1]):
		return fmt.Errorf("%w: a country is two capital letters", outage.ErrInvalid)
	case max(len(r.Ref), len(r.Problem), len(r.CountryFrom), len(r.Source)) > maxText:
		return fmt.Errorf("%w: a text is longer than %d bytes", outage.ErrInvalid, maxText)
	case r.ObservedAt.Sub(now) > live.FutureLimit:
		return fmt.Errorf("%w: by more than %s", outage.ErrFuture, live.FutureLimit)
	}
	return nil
}

func isLetter(b byte) bool { return b >= 'A' && b <= 'Z' }
