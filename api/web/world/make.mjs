// Makes countries.tsv and ../assets/world.svg; see README.md.
import {readFileSync, writeFileSync} from 'fs';
import * as topo from 'topojson-client';
import {geoPath, geoCentroid, geoArea} from 'd3-geo';
import {geoNaturalEarth1} from 'd3-geo';
const load=n=>JSON.parse(readFileSync('node_modules/world-atlas/'+n));
const t110=load('countries-110m.json'), t50=load('countries-50m.json');
import countries from 'i18n-iso-countries';
const iso = countries.getNumericCodes(); // numeric → alpha-2
const W=720;
const all=topo.feature(t110,t110.objects.countries);
all.features=all.features.filter(f=>f.id!=='010');
const proj=geoNaturalEarth1().fitWidth(W,all);
let byName={'Kosovo':null,'N. Cyprus':'CY','Somaliland':'SO'};
let out={}, missing=[];
for(const f of all.features){let c=iso[f.id]||byName[f.properties.name]; if(!c){missing.push([f.id,f.properties.name]);} const p=geoPath(proj).digits(1)(f); const k=c||'-'; out[k]=(out[k]||'')+p;}
const b=geoPath(proj).bounds(all); const H=Math.ceil(b[1][1]);
let dots={};
for(const f of topo.feature(t50,t50.objects.countries).features){const c=iso[f.id]; if(!c||out[c]||c==='AQ')continue; const [x,y]=proj(geoCentroid(f)); dots[c]=[Math.round(x*10)/10,Math.round(y*10)/10];}
console.log('missing',missing,'dots',Object.keys(dots).length,'H',H, b);
// relative compaction
function compact(d){ // d: M x,yLx,y...Z absolute -> relative with 1 digit
  return d.replace(/M[^MZ]*Z?/g,ring=>{const z=ring.endsWith('Z');const pts=ring.replace(/[MZ]/g,'').split('L').map(s=>s.split(',').map(v=>Math.round(parseFloat(v)*2)/2));
    let r='M'+pts[0].join(' '),[x,y]=pts[0],n=0;const seg=[];
    for(const [a,b] of pts.slice(1)){const dx=Math.round((a-x)*10)/10,dy=Math.round((b-y)*10)/10;if(dx===0&&dy===0)continue;seg.push([dx,dy]);x=a;y=b;n++;}
    if(n<2)return '';
    r+='l'+seg.map(s=>s.map(v=>String(v).replace(/^(-?)0\./,'$1.')).join(' ')).join(' ').replace(/ -/g,'-');
    return r+'z';});}
let lines=[];let total='';
for(const c of Object.keys(out).sort()){const d=compact(out[c]);if(!d){continue;}total+=d;if(c!=='-')lines.push(c+'\t'+d);}
for(const c of Object.keys(dots).sort())lines.push(c+'\t'+dots[c].join(' '));
lines.sort();
writeFileSync('countries.tsv',lines.join('\n')+'\n');
writeFileSync('../assets/world.svg',`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}"><path fill="#8b93a1" fill-opacity=".38" d="${total}"/></svg>\n`);
