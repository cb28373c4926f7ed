package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// explainImpact prints one impact's score step by step, and says whether it
// agrees with what is stored. Evidence that is not enough is outage.ErrInvalid.
func explainImpact(w io.Writer, o outage.Outage, impact outage.Impact) (agrees bool, err error) {
	x, err := detect.Explain(impact.Evidence)
	if err != nil {
		return false, err
	}
	e := impact.Evidence
	_, _ = fmt.Fprintf(w, "%s (%s), detected %s%s\n", impact.Country, whereText(impact.Country), impact.DetectedAt.Format(time.RFC3339), runText(o, impact))
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "  %-12s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("window", "w = %s%s", minutesText(e.WindowMinutes), listenedText(e))
	line("reporters", "y = %d%s", e.Reporters, originsText(e))
	line("expected", "E = %s%s", number(e.Expected), levelText(e))
	line("rests on", "%s", sampleText(impact))
	if x.Stored {
		line("tolerated", "M = %s, as stored: what it is made of was not kept then", number(x.Tolerated))
		line("dispersion", "r = %s, as stored", number(x.Dispersion))
	} else {
		line("tolerated", "M = rho·E + f·√w = %s·%s + %s·√%d = %s", number(e.Rho), number(e.Expected),
			number(e.Floor/math.Sqrt(float64(e.WindowMinutes))), e.WindowMinutes, number(x.Tolerated))
		line("dispersion", "r = 1/(φ + 1/H) = 1/(%s + 1/%s) = %s", number(e.Spread), number(e.HistoryReports), number(x.Dispersion))
	}
	line("tail", "x = M/(M+r) = %s;  p = P(NB(mean M, size r) >= y) = I_x(y, r) = %s", number(x.X), tiny(-x.Surprise))
	line("score", "−ln p − ln %.0f = %s − %s = %s nats", math.Exp(x.Correction), number(x.Surprise), number(x.Correction), number(x.Score))
	line("bar", "%s nats", number(e.Bar))
	line("stored", "%s nats when it was detected, %s at most so far", number(e.Score), number(impact.Score))
	differences := x.Differences(impact)
	for _, difference := range differences {
		line("DIFFERS", "%s", difference)
	}
	if len(differences) == 0 {
		line("agrees", "yes")
	}
	_, err = fmt.Fprintf(w, "\n  %s\n\n", sentence(impact, x, len(differences) == 0))
	return len(differences) == 0, err
}

// sentence says in words what the figures say.
func sentence(impact outage.Impact, x detect.Explanation, agrees bool) string {
	e := impact.Evidence
	reported := strconv.Itoa(e.Reporters) + " people reported"
	if e.Reporters == 1 {
		reported = "1 person reported"
	}
	text := fmt.Sprintf("%s: %s within %s, where %s are usual and %s would be harmless. "+
		"If no more than that were to be expected, so many or more would come by chance in one of %s such windows",
		whereText(impact.Country), reported, minutesText(e.WindowMinutes), short(e.Expected), short(x.Tolerated), tiny(x.Surprise))
	if x.Score >= e.Bar {
		text += ", which is rare enough to pass the bar."
	} else {
		text += ", which is not rare enough to pass the bar."
	}
	if !agrees {
		text += " What is stored does not follow from its own evidence: one of them was changed, or computed otherwise."
	}
	return text
}

func whereText(country string) string {
	switch country {
	case outage.AllCountries:
		return "All countries together"
	case outage.UnknownCountry:
		return "Unknown country"
	default:
		return place.Name(country)
	}
}

// runText says what is particular about an impact.
func runText(o outage.Outage, impact outage.Impact) string {
	switch {
	case o.Superseded != nil && impact.Country == outage.AllCountries:
		return "; superseded when single countries stood out"
	case len(impact.Intervals) > 0:
		return fmt.Sprintf("; run %d of an impact that came back", len(impact.Intervals)+1)
	}
	return ""
}

func listenedText(e outage.Evidence) string {
	if e.ListenedMinutes == 0 || e.ListenedMinutes == e.WindowMinutes {
		return ""
	}
	return fmt.Sprintf(", %d of which count: those since an earlier outage in which anybody listened", e.ListenedMinutes)
}

func originsText(e outage.Evidence) string {
	if e.Origins == 0 {
		return "; their origins are not known"
	}
	return "; " + several(e.Origins, "origin") + ", " + several(e.Networks, "network") + ", " + several(e.Sources, "source")
}

func levelText(e outage.Evidence) string {
	if e.LevelPerMinute == 0 {
		return ""
	}
	return fmt.Sprintf("; at least %s a minute, at which the series itself had stood", number(e.LevelPerMinute))
}

// sampleText says what the expected number rests on.
func sampleText(impact outage.Impact) string {
	e := impact.Evidence
	if e.HistoryReports == 0 {
		return "what the baseline knew was not kept then"
	}
	learned := "no hour learned yet"
	if e.BaselineUntil != nil {
		age := impact.DetectedAt.Sub(*e.BaselineUntil)
		learned = fmt.Sprintf("learned until %s, %s before", e.BaselineUntil.Format(time.RFC3339), minutesText(int(age.Minutes())))
	}
	return fmt.Sprintf("H = %s reports of weight; %s listened to before; %s", number(e.HistoryReports), minutesText(e.ObservedMinutes), learned)
}

func minutesText(n int) string { return several(n, "minute") }

// several counts things: "1 source", "2 sources".
func several(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// number gives the digits that a check by hand needs.
func number(x float64) string { return strconv.FormatFloat(x, 'g', 10, 64) }

// short gives the digits that a reader wants.
func short(x float64) string {
	const whole = 100
	if x >= whole {
		return strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

// tiny is e to the power of x, which may be far too small or large for a float64.
func tiny(x float64) string {
	const plain = 7 // e^7 is about a thousand
	if math.Abs(x) < plain {
		return strconv.FormatFloat(math.Exp(x), 'g', 4, 64)
	}
	power := math.Floor(x / math.Ln10)
	digits := strconv.FormatFloat(math.Pow(10, x/math.Ln10-power), 'f', 3, 64)
	if digits == "10.000" {
		digits, power = "1.000", power+1
	}
	return fmt.Sprintf("%s·10^%.0f", digits, power)
}
