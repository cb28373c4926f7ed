// Package bench measures Outcry's detector and the usual ones on the same
// simulated work (package sim), of which the truth is known.
//
// The peers look at each country series by itself and give a statistic a
// minute; each gets the threshold at which it raises as many false alarms on
// outage-free worlds as all are allowed. Alarms of a service count once in six
// hours, so that no peer is charged for telling the same thing of several countries.
// Outcry's detector runs as it is shipped, with its own bars.
//
// An outage is detected if an alarm comes between its start and a quarter of an
// hour after its end, in a country that it is in; the delay counts from its
// start to the end of the minute that gave the alarm.
package bench
