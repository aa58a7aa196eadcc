"""More stems of the concepts in `vocabulary`, and what mail is made of, in further languages.

Finnish, Hungarian, Romanian, Greek, Ukrainian, Arabic, Hebrew, the Scandinavian languages, and
the forms of glibc's and Windows' own translations. Each name holds alternatives without brackets
around them, so that `vocabulary` can add them to its own; the rest are whole expressions. This
module must not say what a failure means.
"""

from typing import Final

CONNECTION: Final = (
    r"liga[cç][aã]o|tilkobl|opkobl|kapcsolód|підключ|σύνδεσ|συνδέ|اتصال|חיבור|връзк|conexiunea"
)
REFUSED: Final = (
    r"nægt|nekte|torju|hylkä|visszautas|megtagad|respins|αρνήθ|άρνησ|αρνείτ|απορρ[ίι]|απέρρι|رفض"
    r"|مرفوض|נדח|סירב|סורב"
)
CUT: Final = (
    r"ré-?initialis|reinicial|weggevallen|zrušen|розірв|s.f.rlan|borttagen|nulstill|katke"
    r"|suljet|bezár|lezár|megszak|alaphelyzet|resetat|închis|întrerupt|επαναφ|έκλεισ"
    r"|διακ[όο]π|τερματίσ|重設|إعادة تعيين|إغلاق|انقط|אופס|נסגר|נותק"
)
TIMED_OUT: Final = (
    r"verstreken|limit\w* czasu|upłyn|löpt\w* ut|túllépt\w* .{0,12}id[őo]|id[őo]korlát"
    r"|conexiune\w* a expirat|limit\w* de timp|timp\w* .{0,16}(?:expirat|depășit)"
    r"|aikakatkai|λήξη .{0,12}χρόν|χρονικ\w+ όρι|χρόνο\w* αναμον|مهلة|הזמן הקצוב|תם הזמן|פסק זמן"
)
PASSWORD: Final = r"parol[ăe]i?\b|jelszav|κωδικ|كلمة (?:ال)?(?:مرور|سر)|סיסמ"
USER: Final = r"käyttäj|felhasznál|utilizator|χρήστη|المستخدم|משתמש|користувач"
LOGIN: Final = (
    r"kirjau|todennus|todenta|tunnistaut|bejelentkez|hitelesít|autentific|pålogg|godkendelse"
    r"|σύνδεσ|ταυτοπο|έλεγχο\w* ταυτ|تسجيل (?:ال)?دخول|مصادقة|התחבר|אימות|вхід|входу|автентиф"
    r"|身份驗證"
)
WRONG: Final = (
    r"väär|virheelli|hibás|helytelen|érvénytelen|greșit|incorect|λάθος|λάθ[οη]|εσφαλμ|λανθασμ"
    r"|μη έγκυρ|άκυρ|غير صحيح|غير صالح|خاطئ|שגוי|לא נכו|לא חוקי|невірн|хибн|недійсн|incorret"
    r"|no es correct"
)
FAILED: Final = (
    r"epäonnist|sikertelen|nem sikerült|eșua|απέτυχ|αποτυχ|αποτύχ|فشل|נכשל|не вдалося|невдал"
)
EXPIRED: Final = (
    r"gått ut|gick ut|upphört att gälla|utracił\w* ważno|erääntyn"
    r"|voimassaolo\w* (?:on )?päätty|прострочен|λήξει|έληξ"
    r"|انته\w+ صلاحي|\bפג\b|פג תוקף|פקע"
)
LOCKED: Final = (
    r"деактив|призупин|suljettu|poistettu käytöstä|lukit|jäädyt|zárol|felfüggeszt|suspendat"
    r"|dezactivat|ανασταλ"
    r"|αναστολ|κλειδωμ|αποκλεισ|απενεργοπ|تعليق|مقفل|معطل|تعطيل|حظر|محظور|נחסם|חסומ|חסום|ננעל"
    r"|נעול|הושע|הושבת|מושבת|bloker|blokov|engellen|estetty|estolist|tiltva|封鎖|ブロック"
)
ACCOUNT: Final = (
    r"обліков|скриньк|účt[uy]|\btili(?:si|n|l[lt]\w+|ä|ni)?\b|käyttäjätil|postitil|postilaatik|fiók"
    r"|\bcontul\w*"
    r"|acest cont\b|căsuț|λογαριασμ|γραμματοκιβ|حساب|صندوق|חשבון|תיבת|postboks|brevlåd|postlåd"
)
TOO_MANY: Final = r"перевищен|تجاوز|liian mont|πάρα πολλ|υπερβολικ|كثير|יותר מדי|횟수"
ATTEMPTS: Final = r"yrity|kísérlet|próbálk|încercăr|προσπάθ|محاول|ניסיו|спроб"
TEMPORARY: Final = r"προσωριν|مؤقت|זמני|väliaikai"
LATER: Final = r"myöhemmin|később|mai târziu|αργότερα|لاحق|מאוחר יותר|пізніше"
REQUIRED: Final = (
    r"zuerst|d'abord|primero\b|primeiro\b|\beerst\b|najpierw|nejprve|nejdříve|сначала|спочатку"
    r"|\bönce\b|\bförst\b|\bførst\b|\bensin\b|először|mai întâi|πρώτα|потріб|необхідн|вимага"
    r"|necesar|vaadit|on oltava|szükség|kötelező|\bkell\b|trebuie|απαιτ|πρέπει|υποχρεωτ|مطلوب"
    r"|يلزم|يجب|נדרש"
    r"|חובה|יש ל"
)
ENCRYPTION: Final = (
    r"κρυπτογραφ|salau|salatt|titkos|criptar|κρυπτογράφ|تشفير|مشفر|הצפנ|מוצפנ|шифрув"
)
CERTIFICATE: Final = r"varmen|tanúsítvány|πιστοποιητικ|شهادة|אישור|תעוד"
OFF: Final = (
    r"dezactivat|nu (?:este|e|sunt) (?:activ|permis|disponibil)|interzis"
    r"|ei ole (?:käytös|sallit|aktiiv|otettu)|poistettu käytöstä|estetty|kielletty|tiltva|tiltott"
    r"|nincs (?:enged|bekap)|nem enged|kikapcsol|απενεργοπ|δεν (?:είναι |έχει )?(?:ενεργοπ|επιτρέπ)"
    r"|απαγορε|تعطيل|معطل|غير (?:مفعل|مسموح)|ممنوع|מושבת|אינו מופעל|לא מופעל|אסור|вимкн|заборон"
    r"|не (?:дозвол|ввімк|увімк)|slået fra|slått av|etkin(?:leştirilme| değil)|해제되|不允許"
    r"|nie jest (?:włącz|dozwol)|停用"
)
APP: Final = r"sovellu|alkalmaz|aplicați|εφαρμογ|تطبيق|אפליקצ|יישומ|застосун|應用程式"
RELAY: Final = r"пересилан|edelleenl|továbbít|αναμετάδ|αναμεταβ|ترحيل|ממסר|轉送|väli(?:ty|te)"
METHOD: Final = r"(?:todennus|tunnistus)tapa|menetelm|módszer|μέθοδ|yöntem|طريقة|שיטה"
UNSUPPORTED: Final = (
    r"unterstützt .{0,60}nicht\b|ondersteunt .{0,60}niet|ei tue|nem támog|nu suport|δεν υποστηρ"
    r"|не підтрим|stöder inte|støtter ikke|understøtter ikke|desteklemi|لا يدعم|אינו תומך|לא נתמך"
)
PERMISSION: Final = (
    r"toestemm|\btilgang\b|tilladelse|oikeu(?:s|d|k)|jogosults|permisiun|δικα[ιί][ωώ]μ"
    r"|дозвол[уи]|صلاحية|הרשא"
)
UNKNOWN: Final = (
    r"bilinmi|okänt|ikke (?:kendt|kjent|fundet|funnet)|fin[dn]e?s ikke|finns inte|inte känd"
    r"|nem (?:ismert|létez|találhat)|nincs ilyen|nu (?:există|a fost găsit|este cunoscut)"
    r"|άγνωστ|δεν (?:υπάρχ|βρέθ)|無法識別|查無|알려진 .{0,6}없|غير معروف|غير موجود|لا يوجد"
    r"|لم يتم العثور|אינ\w+ (?:ידוע|מוכר|קיי)|לא (?:ידוע|מוכר|קיי|נמצא)|není znám|nie jest znan"
    r"|ei (?:löyd|ole olemassa)|не (?:існу|знайд)|존재하지"
)
MAXIMUM: Final = (
    r"\bs.n.r.na\b|\braja\b|\w{3}raja\b|korlát|enimmäis|numărul maxim|számát|όριο|ліміт|الحد |מכס"
)
EXCEEDED: Final = r"перевищ|초과|meghalad|depăș|υπερβ|تجاوز|חורג|overskr|överskr|aş(?:.yor|t)"
"""Beyond a limit."""

MESSAGE: Final = (
    r"(?:nachricht|\bmessage|mensaje|messaggi|mensag|bericht|wiadomo|zpráv|сообщ|письм|повідомл"
    r"|\biletis?i?\b|\bmesaj|meddeland|\bbesked|\bmelding|viesti|üzenet|μήνυμα|邮件|郵件|メール"
    r"|メッセージ|메일|رسال|הודע|e-?mail|anhang|pièce jointe|adjunto|allegat|anexo|bijlage"
    r"|załącznik|příloh|вложен|вкладен|\beki?\b|bilaga|bilag|vedlegg|liite|melléklet|atașament"
    r"|συνημμέν|附件|添付|첨부|مرفق|קובץ)"
)
"""A message or what is attached to it."""
TOO_LARGE: Final = (
    r"(?:zu gro(?:ß|ss)|te groot|zbyt duż|příliš velk|завелик|слишком велик|çok büyük|för stor"
    r"|for stor|liian suur|túl nagy|prea mare|πολύ μεγάλ|過大|过大|太大|너무 (?:크|큽|큰)"
    r"|كبيرة? جد|גדול\w? מדי)"
)
"""Larger than it may be."""
SIZE: Final = (
    r"(?:größe|taille|tamaño|tamanho|grootte|rozmiar|velikost|размер|розмір|boyut|storlek"
    r"|størrelse|\bkoko\b|mérete?\b|mărime|dimensiun|μέγεθ|大小|サイズ|크기|(?:첨부|파일).{0,6}용량"
    r"|حجم|גודל)"
)
"""How large something is."""
RECIPIENT: Final = (
    r"(?:empfänger|destinat[aeáio]|ontvanger|odbiorc|příjemc|получател|одержувач|отримувач"
    r"|\bal\wc\w"
    r"|mottagar|modtager|mottaker|vastaanottaj|címzett|παραλήπτ|收件|宛先|受信者|받는 ?사람|수신자"
    r"|مستلم|נמען)"
)
"""To whom a message goes."""
SENDER: Final = (
    r"(?:absender|expédit|remitente|mittente|remetente|afzender|nadawc|odes[ií]latel|отправител"
    r"|відправник|gönderen|gönderici|avsändar|afsender|avsender|lähettäj|feladó|expeditor"
    r"|αποστολέ|发件人|寄件|差出人|送信者|보내는 ?사람|발신자|مرسل|שולח)"
)
"""From whom a message comes."""
DOMAIN: Final = (
    r"(?:\bdom[aäeéí]+i?n|домен|域名|網域|ドメイン|도메인|نطاق|דומיין|verkkotunn|tartomány|τομέ"
    r"|alan ad)"
)
"""A domain."""
JUNK: Final = (
    r"(?:\bspam(?!haus|cop)|спам|スパム|스팸|skräppost|(?:uønsket|søppel-?)\w* ?(?:e-?)?post"
    r"|roskapost"
    r"|levélszemét|kéretlen|ανεπιθύμητ|istenmeyen|nevyžádan|niechcian|ongewenste|indésirable"
    r"|no desead|indesiderat|indesejad|lixo eletr|нежелат|небажан|垃圾|迷惑メ|غير مرغوب|דואר זבל"
    r"|nesolicitat)"
)
"""Mail that nobody wants."""
FULL: Final = (
    r"(?:\bvoll\b|\bpleine?\b|llen[oa]\b|\bpien[oa]\b|chei[ao]\b|\bvol\b|przepełn|\bpełn|\bpln[áýé]"
    r"|переповн|переполн|\bdolu\b|\bfuldt?\b|\bfull\b|täynnä|megtelt|\btele\b|\bplin[ăa]?\b|πλήρ"
    r"|γεμάτ|满|滿|いっぱい|가득|초과|ممتلئ|מלא)"
)
"""Without room for more."""
A_DAY: Final = (
    r"(?:\bdaily\b|\bhourly\b|tages|täglich|stündlich|diari[oae]|quotidien|giornalier|dagelijks"
    r"|daglig|päivittäi|\bnapi\b|naponta|pe (?:zi|oră)\b|óránként|zilnic|ημερήσι|добов|суточн"
    r"|günlük|denní|dzienn|每日"
    r"|今日|当日|1日|하루|일일|시간당|اليومي|יומי)"
)
"""By the day or the hour."""
YOUR: Final = (
    r"(?:\byour\b|\bihr\w{0,2}\b|\bdein\w{0,2}\b|\bvotre\b|\bton\b|\btu\b|\bsu\b|\btuo\b|\btua\b"
    r"|\bseu\b|\bsua\b|\buw\b|\bje\b|\btwoj|\btwój|\bvaš|(?<!\w)ваш|\bditt?\b|\bdin\b|\baz ön\b"
    r"|您的|你的|お使いの|귀하의)"
)
"""Of the person who is spoken to."""
ON_BEHALF: Final = (
    r"(?:\bon behalf\b|im namen\b|im auftrag\b|au nom d|en nombre de|per conto d|em nome d"
    r"|\bnamens\b|w imieniu|\bjménem|от имени|від імені|\bad.na\b|\bräkning|på vegne|\bpuolesta"
    r"|nevében|în numele|εκ μέρους|の代理|نيابة عن|בשם)"
)
"""In the name of somebody else."""
BASIC: Final = (
    r"(?:(?:standard|basis)-?authenti|authentification de base|authentification basique"
    r"|autentica\w+ b[aá]sica|autenticazione di base|basisverificatie|uwierzytelnianie podstaw"
    r"|podstawow\w+ uwierz|základní ověř|базов\w+ (?:провер|аутент|автент|перевір)|обычн\w+ провер"
    r"|基本(?:身份)?(?:验证|驗證|认证|認証)|기본 인증|temel kimlik|grundläggande autent"
    r"|perustodennus"
    r"|alapszintű hitel|autentificare\w* de bază|βασικ\w+ έλεγχ|المصادقة الأساسية|אימות בסיסי)"
)
"""Signing in by password, as Microsoft calls it."""
TENANT: Final = (
    r"(?:\btenant|mandant|locataire|organisation|organiza[cç]|organizzaz|inquilin|locatári|huurder"
    r"|dzierżaw|organizac|арендатор|организац|租户|租戶|租用戶|テナント|組織|组织|테넌트|조직|kirac"
    r"|kuruluş)"
)
"""A customer's organisation, as Microsoft calls it."""
ACCESS_TOKEN: Final = (
    r"(?:zugriffs?-?token|jeton d.acc|token de acces|token di acc|toegangstoken|token\w* dostęp"
    r"|přístupov\w+ token|(?:маркер|токен)\w* доступ|访问令牌|存取權杖|存取令牌|アクセス ?トークン"
    r"|액세스 ?토큰|erişim (?:belirte|jeton)|(?:åtkomst|adgangs|tilgangs)token|hozzáférési token"
    r"|διακριτικ\w+ πρόσβασ|رمز الوصول|אסימון (?:ה)?גישה)"
)
"""An access token (English stands in the rows themselves)."""
SCOPE: Final = (
    r"(?:escopo|alcances?\b|ámbitos?\b|\bambit[oi]\b|champs? d.application|portée|bereich|zakres"
    r"|област|kapsam|スコープ|作用域|范围|範圍|범위)"
)
"""What a token is good for."""
INSUFFICIENT: Final = (
    r"(?:insufic|insuffi|suffisant|sufficient|unzureich|niewystarcz|nedostat|недостат|yetersiz"
    r"|不足|不十分|부족)"
)
"""Less than it takes."""
ENABLED: Final = (
    r"(?:aktivier|freigeschalt|freigegeb|activ[ée]|habilitad|abilitat|attivat|ativad|ingeschakeld"
    r"|geactiveerd|włączon|povolen|включ|увімк|etkin|aktiver|käytös|engedély|activat|ενεργοποιημ)"
)
"""Switched on."""
NOT: Final = (
    r"\b(?:nicht|pas|no (?:está|es|se)|non|não|niet|nie|není|не|inte|ikke|ei|nem|nincs|nu|δεν"
    r"|nemá\w*|yok|немає"
    r"|kein\w*|sin|geen|нет|недост\w*|ليس|אין)\b"
)
"""Not."""
VIOLATES: Final = (
    r"(?:verstö|viol[aeo]|infring|contravien|enfreint|schendt|narusz|poruš|наруш|поруш|ihlal"
    r"|bryter|strider|rikko|megsért|încalc|παραβι|违反|違反|위반)"
)
"""Goes against a rule."""
LOCAL_ACCESS: Final = (
    r"(?:(?:lokal|lokaal|loca[lu]|yerel|локальн|místní|helyi|paikallis|τοπικ|本地|ローカル"
    r"|로컬)\w* ?(?:\w+ ){0,2}(?:zugriff|access|accès|toegang|dostęp|přístup|доступ|erişim|åtkomst"
    r"|adgang|tilgang|hozzáfér|访问|アクセス|액세스)"
    r"|(?:accès|acceso|accesso|acesso) loca[lu]|правил\w* локальн|pravidla přístupu)"
)
"""Access to the own network."""
NOT_YET: Final = (
    r"\berst (?:am|ab|um)\b|pas valide avant|no será válid\w* (?:hasta|antes)|не будет действит"
    r"|non sarà valid\w* (?:fino|prima)|não será válid\w* (?:até|antes)|\bpas geldig\b"
    r"|niet geldig (?:zijn )?(?:tot|vóór)|ważny dopiero|dopiero od|nebude platn|ще не"
    r"|не дійсн\w+ до"
    r"|geçerli olmayacak|inte giltigt förrän|först (?:giltigt )?från|først gyldigt?"
    r"|ikke gyldigt? før"
    r"|ei (?:ole )?vielä|még nem|nu este încă|încă nu|δεν (?:ισχύει|είναι έγκυρο) ακόμ|ακόμα δεν"
    r"|[0-9日] ?之前.{0,4}无效|ليست? .{0,16}بعد|עדיין (?:אינו|לא)"
)
"""Valid from a later day on."""
ONLY_FOR: Final = (
    r"(?:(?:tylko|wyłącznie) dla|дійсн\w+ (?:лише|тільки) для|yaln.zca .{0,60}geçerli"
    r"|voimassa vain|csak .{0,60}érvényes|valabil (?:numai|doar) pentru|ισχύει μόνο"
    r"|仅对.{0,60}有效|仅适用于|只對.{0,60}有效|にのみ有効|에만 유효|صالحة? فقط|תקף רק)"
)
"""Made out to these names only."""
DIFFERS: Final = (
    r"не збіга|не відповіда|ei vastaa|nem (?:egyez|felel meg)|nu (?:se potriv|corespund)"
    r"|δεν (?:ταιρι|αντιστοιχ)|不相符|אינו תואם|לא תואם|لا ي?ت?طابق|لا يطابق|(?:stemmer"
    r"|svarer) ikke"
)
"""Two names are not the same."""
PRINCIPAL: Final = (
    r"nombre principal de destino|nome principale di destinazione|nome principal de destino"
    r"|nome d\w+ entidade de destino|principal-?naam|główna nazwa|hlavní název|hedef as.l ad"
    r"|målets huvudnamn|målets hovednavn|kohteen päänimi|a cél (?:egyszerű )?neve|numele principal"
    r"|プリンシパル名|대상 (?:사용자|보안 주체) 이름|κύριο όνομα"
)
"""SChannel's "target principal name"."""
SELF_SIGNED: Final = (
    r"autofirm|autosemnat|αυτο-?[υϋ]πογ|αυθυπόγ|podpisan\w* przez sam|podpis\w* własn|sám sebou"
    r"|svým držitelem|самопідпис|itse .{0,3}allekirjoi|自行簽|موقعة? ذاتي|חתו\w+ עצמ"
)
"""Vouching for itself."""
_ISSUER: Final = (
    r"(?:aussteller|émett|autorit[éàa]|autorid|emisor|emittente|emissor|uitgever|autoriteit"
    r"|wystawc|vydavat|издат|выдан|видан|\bveren\b|utfärd|udsted|utsted|myöntäj|kibocsát|emitent"
    r"|εκδότ|颁发|核發|發行|発行|발급|جهة|הונפק|רשות)"
)
UNKNOWN_ISSUER: Final = (
    rf"(?:{CERTIFICATE}|sertifik|certifi[kc]|certyfik|сертиф[иі]кат)\w*.{{0,40}}{_ISSUER}.{{0,40}}"
    rf"(?:{UNKNOWN}|sconosc|nieznan|neznám|okänd|ukendt|ukjent|tuntematon|ismeretlen|necunoscut"
    r"|невідом|неизвест|غير موثوق)"
    rf"|{_ISSUER}.{{0,40}}(?:{CERTIFICATE}|sertifik|certifi[kc]|certyfik|сертиф[иі]кат).{{0,40}}"
    rf"(?:{UNKNOWN}|sconosc|nieznan|neznám|okänd|ukendt|ukjent|tuntematon|ismeretlen|necunoscut"
    r"|невідом|неизвест)|видано невідом"
)
"""A certificate of an authority that nobody here knows."""
COMMON_ALGORITHM: Final = (
    r"gemensam\w* algoritm|fælles algoritm|felles algoritm|yhteis\w+ algoritm|közös algorit"
    r"|algoritm\w* comun|спільн\w+ алгоритм|κοιν\w+ αλγόριθμ"
)
"""What SChannel says that both sides lack."""
NETWORK_UNREACHABLE: Final = (
    r"réseau n'est pas (?:accessible|joignable)|rede (?:está )?(?:fora de alcance|inal[ck]an"
    r"|inating)|sieć jest (?:niedostępn|nieosiąg)|síť (?:není|je) (?:dostupn|nedostupn)"
    r"|мережа (?:недосяж|недоступ)|\bağ.{0,4} (?:erişilebilir değil|erişilem)|nätverket är onåbar"
    r"|netværket? er (?:ikke til|utilg)|nettverket er (?:ikke til|util)"
    r"|verkko(?:on)?\b (?:on tavoitt|ei (?:saada|ole|voi))"
    r"|hálózat nem (?:érhető|elér)|rețea\w* (?:este |nu este )?(?:inaccesib|accesib)"
    r"|δίκτυο .{0,12}(?:προσβάσι|προσιτ)|ネットワークが?届|네트워크\w? ?(?:접근|도달)"
    r"|الشبكة .{0,12}وصول|הרשת .{0,8}נגיש|网络无法访问|無法連線到網路"
)
"""ENETUNREACH in the systems' own words."""
NO_WAY: Final = (
    r"keine route zu|aucun chemin d'accès|ninguna ruta hasta|no hay (?:ninguna )?ruta"
    r"|nessun instradam|nenhuma rota|não há rota|geen route naar|brak trasy|nie ma trasy"
    r"|není cesty|neexistuje cesta|нет маршрута|немає маршруту|ingen väg till|ingen rute til"
    r"|ei reittiä|nincs (?:útvonal|út a)|nu există (?:o )?rută|δεν υπάρχει (?:διαδρομή|δρόμος)"
    r"|makineye .{0,12}yol yok|yönlendirme yok|経路がありません|没有.{0,4}路由|沒有.{0,4}路由"
    r"|(?:루트|경로)가 없|لا يوجد مسار|אין נתיב"
)
"""EHOSTUNREACH in the systems' own words."""
BANDWIDTH: Final = (
    r"(?:bandwidth|bandbreite|bande passante|ancho de banda|larghezza di banda|largura de banda"
    r"|bandbreedte|przepustowo|šířk\w+ pásma|bandbredd|båndbredde|пропускн|带宽|頻寬|帯域|대역폭"
    r"|bant genişli)"
)
"""How much is moved."""
