package catalog

// commonWords are ordinary words of several languages that are, or could be,
// names of services: as such they need a second sign.
const commonWords = `
access account act active air alert ally alpha amazon angel apple arc arena art atlas aura bank bar base bay
beam bean beat bell best beta bird blade blaze blink block blue board bold bolt bond book boost bounce box brave bridge
bright bubble buddy bus buy call candy canvas care cart case cash cell chart chase chat check chill chime circle city
class clear click clip clock cloud club coach code coin compass connect converge copilot core corner cosmos cover craft
crown cube cursor dash data dawn day dear deal delivery desk destiny dialog digital direct discovery dive door dot
dream drive drop duo eagle earth east easy echo edge elite energy engine epic equity ever exchange express eye fair
fame family fast field fire first flag flame flash flex flow fly focus food force forge fox free fresh friend fun
fusion future galaxy game gate gem gemini general giant glass global globe glow go gold good grab grand graph
green grid group grow guide hand harbor haven hawk health heart hello help hero high hit home hot house hub ice idea
ideal image impact infinity info inside instant inter iris iron jazz jet join journey joy jump kind king kite lake
league leap life light lime line link lion live local log look loop love luck luna magenta magic mail main map mark
market mars master match max maya meet mega memory messenger meta metro mind mint mirror mistral mobile moment money
monster moon motion mountain movie music name nationwide nature nest net network news next nice night north note notion
nova now oak ocean one open opera option orange orbit original outlook page paper park party path pay peacock peak pearl
perplexity personal phone photo pixel place plan planet play plaza plus pocket point pool pop post power prime pro
proton pulse pure quest quick radar radio rain rainbow rally ranger rapid real red relay rent ride ring rise river road
rock rocket rockstar rogue root rose round royal run safe sage sail salt sand save school scout sea search secure send
sense shadow shark sharp shell shift shine ship shop show signal silk silver simple sky slack slate sleep slide smart
smile snap snow social solid solo sonic soul sound source south space spark spectrum speed spin spirit splash spot
spring square staff stage standard star starling start station steam stellar step stone store storm story stream street
strike stripe strong studio style summit sun sunrise super surf swan sweet swift swish switch table tag talk target
team teams tempo terra thread threads three tide tiger time today toss total touch tower town track trade trail train
travel tree trend tribe true trust truth tune turbo turn twitch two unity uno update upload valley value venture verse
victory video view village virgin vision visa vista voice wall water wave way web well west whale white wild wind wing
wire wise wolf wonder word work world yellow you young zen zero zone zoom zoo barclay rogers elisa claude tim alexa zain
robinhood fido shaw cox fios
claro vivo personal caixa inter libre casa hogar oi povo tigre sol luz vida mundo hola gracias amigo banco tarjeta
dinero correo hoy ahora siempre nunca también pero como nada todo entre sobre verde rojo azul blanco negro feliz bueno
libre bien mal mañana noche
rouge vert bleu noir blanc gratuit libre orange demain bonjour merci ligne réseau banque argent maison monde vie jour
bahn ing netz spiel leben welt haus geld heute morgen immer elster telekom kostenlos frei linie
blik bol ideal storing trein bank geld huis wereld leven vandaag morgen goed
dana ovo mandiri simpati maya pintar saya kamu aku baru bisa tidak jaringan sinyal kartu uang rumah hari ini besok livin
garanti ziraat bugün yarın iyi para ev dünya hat banka
vento linea casa mondo oggi domani bene soldi banca rete iliad
алло дія дия макс мегафон йота связь сеть деньги банк дом мир жизнь сегодня завтра хорошо линия звонок фигма озон
زين شاهد جاز طلبات الراجحي ابشر أبشر اتصالات شبكة بنك بيت اليوم غدا جديد
आधार नया घर आज कल बैंक लाइन বিকাশ রবি ライン
otp pix lol cod medicare fifa battlefield nhs eshop hotlink netbank kakao
`
