package form

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/limit"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/problem"
)

// nearest is how many services are suggested for an unknown one.
const nearest = 5

// request is one report on its way through the handler.
type request struct {
	ask
	source outage.Source
	http   *http.Request
	now    time.Time
	// once, if set, makes repetitions of the request one report; digest, if not
	// 0, tells another request under the same name.
	once   string
	digest uint32
}

// resolved is a request whose service and place are known.
type resolved struct {
	service catalog.Service
	country string
	from    outage.CountryFrom
	addr    netip.Addr
	network uint32
}

// resolve finds the service and the country, and checks the kind of problem.
// The error is a *problem.Problem.
func (h *Handler) resolve(r *request) (resolved, error) {
	var to resolved
	to.addr = h.clients.Address(r.http)
	here, network := h.config.Locator.Lookup(to.addr)
	to.network = network
	if r.ask.service == "" {
		h.refused(r.source, ingest.RefusedInvalid)
		return to, problem.Invalid("service", "missing; want a service's short name, such as whatsapp")
	}
	service, known := h.config.Catalog.Service(r.ask.service)
	if !known {
		return to, h.unknownService(r, to)
	}
	to.service = service
	if err := h.checkKind(r); err != nil {
		return to, err
	}
	if r.problem != "" && !slices.Contains(service.Problems, r.problem) {
		h.refused(r.source, ingest.RefusedInvalid)
		return to, problem.Invalid("problem", fmt.Sprintf("unknown for %s; want one of %s, or nothing",
			service.Slug, strings.Join(service.Problems, ", ")))
	}
	switch {
	case r.country != "":
		code, valid := place.Normalize(r.country)
		if !valid {
			h.refused(r.source, ingest.RefusedInvalid)
			return to, problem.Invalid("country", "want a country's two letters (ISO 3166-1 alpha-2), such as NL")
		}
		to.country, to.from = code, outage.FromChoice
	case len(service.Countries) == 1:
		to.country, to.from = service.Countries[0], outage.FromService
	case here != outage.UnknownCountry:
		to.country, to.from = here, outage.FromAddress
	default:
		to.country, to.from = outage.UnknownCountry, outage.FromNothing
	}
	return to, nil
}

// checkKind refuses what is neither a complaint nor a counter-vote.
func (h *Handler) checkKind(r *request) error {
	var err error
	switch {
	case r.kind != "" && r.kind != kindProblem && r.kind != kindWorks:
		err = problem.Invalid("kind", "want problem or works, or nothing, which is problem")
	case r.works() && r.problem != "":
		err = problem.Invalid("problem", "what works has no kind of problem; leave it out")
	default:
		return nil
	}
	h.refused(r.source, ingest.RefusedInvalid)
	return err
}

// unknownService suggests others. That costs more than most answers, so it is
// limited like a report.
func (h *Handler) unknownService(r *request, to resolved) error {
	if err := h.allow(r, to.addr, to.network, ""); err != nil {
		return err
	}
	h.refused(r.source, ingest.RefusedUnknown)
	p := problem.New(outage.ErrNotFound, "no such service")
	p.Field = "service"
	p.Suggestions = h.config.Catalog.Nearest(r.ask.service, nearest)
	return p
}

// allow asks the limits. The error is a *problem.Problem that says how long to wait.
func (h *Handler) allow(r *request, addr netip.Addr, network uint32, service string) error {
	err := h.config.Limiter.Allow(addr, network, service)
	if err == nil {
		return nil
	}
	p := problem.From(err)
	var refused *limit.Refused
	if !errors.As(err, &refused) {
		return p
	}
	p.RetryAfter = refused.After
	switch refused.By {
	case limit.ByAddress:
		p.Detail = "too many reports come from this address"
		h.refused(r.source, ingest.RefusedAddress)
	case limit.ByNetwork:
		p.Detail = "too many reports of this service come from this network"
		h.refused(r.source, ingest.RefusedNetwork)
	case limit.ByInstallation:
		p.Detail = "too many reports come at the moment"
		h.refused(r.source, ingest.RefusedInstallation)
	}
	return p
}

// take records a resolved report and returns its receipt.
func (h *Handler) take(r *request, to resolved) (outage.Receipt, error) {
	if err := h.allow(r, to.addr, to.network, to.service.Slug); err != nil {
		return outage.Receipt{}, err
	}
	ctx := r.http.Context()
	who, err := h.config.Identifier.Identify(ctx, r.now, to.addr, token(r.http))
	if err != nil {
		h.refused(r.source, ingest.RefusedUnavailable)
		return outage.Receipt{}, fmt.Errorf("identify: %w", err)
	}
	name := to.service.Slug
	if r.works() {
		name = outage.WorksFor(name)
	}
	report := outage.Report{
		Identity:    r.identity(who.Reporter, who.Seat, name),
		Service:     name,
		Country:     to.country,
		CountryFrom: to.from,
		Source:      r.source,
		Problem:     r.problem,
		Origin:      who.Origin,
		Network:     to.network,
		Digest:      r.digest,
		ObservedAt:  r.now,
	}
	if !who.PreviousReporter.IsZero() {
		previous := r.identity(who.PreviousReporter, who.PreviousSeat, name)
		report.Previous = &previous
	}
	result, err := h.config.Sink.Submit(ctx, report)
	if err != nil {
		return outage.Receipt{}, fmt.Errorf("submit: %w", err)
	}
	result.Receipt.Service = outage.WithoutVote(result.Receipt.Service)
	return result.Receipt, nil
}

// identity is a person under one key: the id can only be repeated by whoever
// has the same address and token.
func (r *request) identity(reporter, seat outage.Hash, service string) outage.Identity {
	person := outage.Identity{Reporter: reporter, Seat: seat}
	if r.once != "" {
		person.ID = outage.DeriveID(reporter.String(), service, r.once)
	}
	return person
}
