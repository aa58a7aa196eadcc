"""Words of failures in the languages that servers, systems and libraries speak, as stems.

Rows name what is spoken of (`near(PASSWORD, EXPIRED)`), so that neither a sentence nor its order
matters. Each concept is a regular expression for one stem in many languages: English, German,
French, Spanish, Italian, Portuguese, Dutch, Polish, Czech, Scandinavian, Turkish, Russian,
Chinese, Japanese, Korean. This module must not say what a failure means.
"""

from typing import Final

from mailconfig.domain.diagnostics import vocabulary_languages as more

CONNECTION: Final = (
    r"(?:connect|verbind|verbund|connexion|conexi[oó]n|conect|conex|connession|połącz|připoj|spojen"
    r"|anslut|f[oö]rbind|kapcsolat|conexiun|yhtey|з.єднан|tilkob|bağlan|соедин|подключ|连接|連接"
    r"|連線|接続|연결"
    rf"|{more.CONNECTION})"
)
"""A connection, or to connect."""

REFUSED: Final = (
    r"(?:refus|abgelehnt|verweiger|rehus|rechaz|deneg|negó|\bnegat[ao]\b|\bnegad[ao]\b|rifiut"
    r"|recus|geweiger|odrzuc|odmaw"
    r"|odmów|odmow"
    r"|odmít|vägra|\bneka[ds]|afvis|avvis|redd(?:et|ed)|elutasít|refuz|evätty|hylä|відхил|відмов"
    r"|отказ"
    r"|отверг|отклон|拒绝|拒絕|拒否|거부"
    rf"|{more.REFUSED})"
)
"""To refuse actively."""

CUT: Final = (
    r"(?:zurückgesetzt|unterbroch|getrennt|abgebroch|geschlossen|beendet|réinitialis|interrompu"
    r"|fermée|perdue|restablec|reinici|interrump|interrup[cç]|cerrad|cerró|perdid|interrott|chius"
    r"|reimpost"
    r"|redefinid|fechad|encerrad|interrompid|cancelad|zresetow|zamkni|zerwan|przerwan|verbroken"
    r"|gesloten|ukončen|přeruš|resetov|stängd|bröts|lukket|brutt|kapat.l|kesil|разорв|сброшен|закры"
    r"|прерван|重置|关闭|關閉|断开|斷開|中断|中斷|リセット|切断|閉じ|끊|재설정|종료"
    rf"|{more.CUT})"
)
"""To end a connection (English stands in the rows themselves)."""

TIMED_OUT: Final = (
    r"(?:zeitüberschreit|wartezeit|zeitlimit|zeitspanne|délai|temps d'attente|expiración|expiró"
    r"|tiempo (?:de )?(?:espera|agotado|excedido)|agotad|timeout|scadut|tempo (?:limite|di attesa"
    r"|esgotado|excedido)|esgot|przekrocz\w+ (?:limit )?(?:czas|oczekiw)|przekrocz\w+ \w*czas"
    r"|vypršel|časov\w+ limit|tidsgräns|tidsavbr|zaman aş.m|időtúllép|aikakatkais|час очікуван"
    r"|время ожидания|тайм-?аут|истекло"
    r"|超时|超時|逾時|タイムアウト|시간.?초과|응답.{0,6}(?:없|않)"
    rf"|{more.TIMED_OUT})"
)
"""No answer in time."""

NONE: Final = (
    r"(?:\bkeine?\w?\b|\bgeen\b|\baucune?\b|\bning[uú]n\w?\b|\bnessun\w?\b|\bnenhum\w?\b|\bbrak\b"
    r"|\bžádn|\bingen\b|(?<!\w)нет |没有|沒有)"
)
"""Not one."""

WITHOUT: Final = r"\b(?:without|ohne|sans|sin|senza|sem|bez|zonder|utan|uden|uten|без)"
"""Without, before what is missing."""

UNVERIFIED: Final = (
    r"(?:nicht (?:verifiziert|bestätigt|überprüft)|(?:pas|non) (?:encore )?(?:été )?(?:vérifié"
    r"|confirmé"
    r"|validé)|no (?:est[aá] |ha (?:sido )?)?(?:verificad|confirmad)"
    r"|non (?:è |ancora |stat[ao] )*(?:verificat|confermat)"
    r"|não (?:foi |está )?(?:verificad|confirmad)|niet (?:geverifieerd|bevestigd)|niezweryf"
    r"|nie (?:został\w* )?zweryf"
    r"|не (?:подтвержд|верифиц|провер)|未验证|未驗證|未经验证|(?:確認|検証)されていま|확인되지)"
)
"""Not yet proven to be somebody's own."""

REVOKED: Final = (
    r"(?:revo[ck]|widerruf|révoqu|revogad|ingetrokken|odwołan|cofnięt|odvolán|återkall|отозван"
    r"|撤销|撤銷|取り消|취소)"
)
"""Taken back."""

NO_ANSWER: Final = (
    r"(?:nicht (?:richtig |rechtzeitig )?(?:reagiert|geantwortet)|n'a pas (?:pu )?répond"
    r"|no (?:ha )?(?:podido )?respond|non ha risposto|mancata risposta|não respond|nie odpowied"
    r"|niet .{0,16}geantwoord|neodpov[ěí]|svarade inte|svarte ikke|svarede ikke|yan.t vermed"
    r"|не (?:получен\w? .{0,20})?(?:ответ|отклик|отвеча)|没有.{0,8}(?:答复|反应|响应)"
    r"|沒有.{0,4}回應|无响应"
    r"|応答し(?:な|ませ)|応答があり|응답이? ?(?:없|하지))"
)
"""The other side says nothing (also the systems' words for ETIMEDOUT)."""

MAXIMUM: Final = (
    r"(?:maxim|máxim|massim|höchst|maksym|maksim|limit|límite|limiet|grenze|gräns|grænse|tavan"
    r"|\bs.n.r.n.z"
    r"|предел|максим"
    r"|лимит|最大|上限|限制|制限|최대|한도"
    rf"|{more.MAXIMUM})"
)
"""The most that is allowed."""

RESTRICTED: Final = (
    r"(?:restrict|eingeschränkt|beschränk|restreint|limité|restring|limitad|limitat|ogranicz"
    r"|beperkt|omezen|begränsa|begrens|begræns|k.s.tla|ограничен|限制|制限|제한)"
)
"""Not free any more."""

COMPROMISED: Final = (
    r"(?:\bhack|compromis|comprometid|kompromitt|missbrauch|pirat[eéa]|jaquead|hackead|violat[oa]"
    r"|przejęt|skompromitow|gehackt|gekaapt|napaden|ele geçiril|взлом|скомпромет|подозрит|被盗|被盜"
    r"|盗用|异常登录|異常|不正アクセス|乗っ取|해킹|도용)"
)
"""In the hands of somebody else."""

ADMINISTRATOR: Final = (
    r"(?:\badmin|\bammin|beheerder|správc|yönetici|администратор|管理员|管理員|管理者|관리자)"
)
"""Who runs an organisation's accounts."""

AGREEMENT: Final = (
    r"(?:consent|approv|genehmig|zustimm|einwillig|approb|autorisation|aprob|consenti|approvaz"
    r"|aprova[çr]|consens|zgod|zatwierdz|toestemm|goedkeur|souhlas|schvál|godkänn|godkjen|godkend"
    r"|onay|согласи|одобр|разреш|同意|批准|許可|承認|승인|동의)"
)
"""Yes, said by whom it takes."""

PASSWORD: Final = (
    r"(?:passw|pass ?phrase|pass ?code|kennwort|mot de passe|contraseña|clave\b|senha|hasł|haslo"
    r"|heslo|wachtwoord|lösenord|adgangskode|passord|şifre|parola\b|jelszó|salasana|парол|密码"
    r"|密碼|口令"
    r"|パスワード|비밀번호"
    rf"|{more.PASSWORD})"
)
"""A password."""

USER: Final = (
    r"(?:user|benutzer|nutzer|utilisateur|identifiant|usuario|usuário|utente|użytkownik|uživatel"
    r"|gebruiker|användar|bruker|bruger|kullan.c.|пользоват|логин|用户|用戶|使用者|ユーザ|사용자"
    rf"|{more.USER})"
)
"""A user, or a user name."""

LOGIN: Final = (
    r"(?:log-?in|log ?on|sign-?in|authenti[cfs]|anmeld|einlogg|autenti[cf]|autenticaz"
    r"|inici\w+ (?:de )?sesión|s'identifier|identification|zalogow|logowan|uwierzytel|inlog"
    r"|aanmeld|přihl[aá]|ověřen|inlogg|innlogg|oturum|giriş|kimlik|вход|войти|авториз|аутентиф"
    r"|登录|登錄|登入|认证|認證|验证|驗證|認証|ログイン|サインイン|로그인|인증"
    rf"|{more.LOGIN})"
)
"""To sign in."""

WRONG: Final = (
    r"(?:wrong|incorrect|invalid|bad\b|mismatch|falsch|ungültig|stimm\w* nicht|nicht korrekt"
    r"|nicht akzeptiert|erroné|invalide|mauvais|incorrect|inválid|no (?:es )?válid|errat[aio]"
    r"|non (?:è )?(?:valid|corrett)|sbagliat|incorret|nieprawidłow|niepoprawn|błędn|onjuist"
    r"|verkeerd|ongeldig|špatn|nesprávn|neplatn|felaktig|\bfel\b|feil|forkert|ugyldig|ogiltig"
    r"|hatal.|yanl.ş|geçersiz|неверн|неправильн|недопустим|недействит|некорректн|错误|錯誤|有误|不正确|不正確"
    r"|无效|無效|不匹配|正しくあり|間違|誤り|不正|無効|잘못|틀|일치하지|올바르지"
    rf"|{more.WRONG})"
)
"""Not right."""

FAILED: Final = (
    r"(?:fail|unsuccessful|fehlgeschlagen|gescheitert|fehler|nicht möglich|échou|échec|impossible"
    r"|falló|fallid|no se pudo|errore|fallit|non riuscit|falhou|falha|não foi possível|malsucedid"
    r"|niepowodz|nie powiod|mislukt|selhal|nezdaři|misslyck|mislyk|feilet|başar.s.z|не удалось"
    r"|неудач|сбой|ошибка|失败|失敗|실패|できません"
    rf"|{more.FAILED})"
)
"""It did not work."""

EXPIRED: Final = (
    r"(?:expir|abgelaufen|périmé|caduc|vencid|venció|scadut|wygas|przeterminow|verlopen|vypršel"
    r"|utgång|utløp|udløb|süresi (?:dol|geç)|lejárt|expirat|vanhentun|закінчи|ист[её]к|просроч"
    r"|过期|過期|到期|失效|期限.{0,3}切れ"
    r"|有効期限|만료"
    rf"|{more.EXPIRED})"
)
"""Too old."""

LOCKED: Final = (
    r"(?:\block(?:ed|out)|blocked|suspend|\bpaused\b|disabled|deactivated|gesperrt|blockiert"
    r"|deaktiviert"
    r"|stillgelegt|geschlossen|gekündigt|gelöscht|clôtur|résili|supprim|cerrad[ao]|cancelad"
    r"|chius[ao]"
    r"|encerrad|terminated|удал[её]н|закрыт|注销|解約|bloqué|bloqu[eé]ad|suspendu|désactivé"
    r"|verrouillé"
    r"|suspendid|deshabilitad"
    r"|desactivad|inhabilitad|bloccat|sospes|disabilitat|disattivat|suspens[ao]|desativad"
    r"|zablokowan|zawieszon|geblokkeerd|opgeschort|zablokován|pozastaven|zrušen|afgesloten"
    r"|avstängt|spärra[dt]|sperret|spærret"
    r"|kilitlen|ask.ya|letilt|blocat|lukittu|заблокован|блокирован|заморож|приостановл"
    r"|отключ[её]н|锁定|鎖定|冻结|凍結|停用|禁用"
    r"|封禁|被封|ロックされ|停止され|(?:利用|使用)(?:が|を)?停止|잠겼|잠금|정지|차단"
    rf"|{more.LOCKED})"
)
"""Closed by somebody."""

ACCOUNT: Final = (
    r"(?:account|mail ?box|konto|postfach|zugang|compte|bo[iî]te|cuenta|buz[oó]n|casella|conta\b"
    r"|caixa|skrzynk|účet|schránk|hesab|postkasse|аккаунт|уч[её]тн|ящик|账[号户]|帐[号户]|帳[號戶]"
    r"|邮箱|郵箱|信箱|アカウント|メールボックス|계정|메일함"
    rf"|{more.ACCOUNT})"
)
"""An account or its mailbox."""

TOO_MANY: Final = (
    r"(?:too (?:many|much|often|frequent)|zu (?:viele|oft|häufig)|trop (?:de|d'|nombreu)|demasiad"
    r"|troppi"
    r"|troppe|muitas|muitos|excesso|zbyt (?:wiele|dużo|częst)|za dużo|příliš (?:mnoho|často)"
    r"|te veel|för många|for mange|çok (?:fazla|say.da)|túl sok|prea multe|liian monta|забагато"
    r"|слишком (?:много|часто)|превышен|过多|過多|太多|频繁"
    r"|頻繁|多すぎ|너무 (?:많|자주)|回数"
    rf"|{more.TOO_MANY})"
)
"""More than is allowed."""

ATTEMPTS: Final = (
    r"(?:attempt|tries|retr(?:y|ies)|versuch|tentative|essais|intento|tentativ|prób|pokus|poging"
    r"|försök|forsøk|deneme|попыт|尝试|嘗試|次数|試行|시도"
    rf"|{more.ATTEMPTS})"
)
"""Attempts."""

TEMPORARY: Final = (
    r"(?:tempor[aä]r|vorübergehend|momentan|zeitweilig|derzeit|temporair|momentané|provisoire"
    r"|temporal\b|temporalmente|temporane|temporári|momentâne|tymczasow|chwilow|tijdelijk|dočasn"
    r"|tillfällig|midlertidig|geçici|ideiglenes|átmeneti|tilapäi|тимчасов|временн|暂时|暫時|临时"
    r"|臨時|一時|일시"
    rf"|{more.TEMPORARY})"
)
"""For the moment."""

LATER: Final = (
    r"(?:try again later|later\b|später|noch ?einmal versuchen|plus tard|más tarde|più tardi"
    r"|mais tarde|později|później|senare|senere|daha sonra|позже"
    r"|稍后|稍後|以后再|後で|しばらく|時間をおいて"
    r"|나중"
    rf"|{more.LATER})"
)
"""Try once more."""

REQUIRED: Final = (
    r"(?:requir|must|needed|necessary|mandatory|erforderlich|notwendig|nötig|benötig|muss\b|müssen"
    r"|verlangt|requis|nécessaire|obligatoire|exig|doit\b|devez|requerid|requiere|necesari"
    r"|obligatori|debe\b|necesita|richiest|richiede|necessari|obbligatori|deve\b|necessári|obrigat"
    r"|requer|precisa|wymagan|wymaga|musi\b|vereist|nodig|vyžad|nutn|krävs|kreves|påkræv|gerek"
    r"|требует|необходим|нужн|обязател|需要|必须|必須|必要|請先|请先|필요"
    rf"|{more.REQUIRED})"
)
"""It has to be."""

ENCRYPTION: Final = (
    r"(?:encrypt|\btls\b|\bssl\b|starttls|verschlüssel|chiffr|crypté|cifrad|cifrat|crittograf"
    r"|criptograf|szyfrow|šifrov|versleutel|krypter|şifrele|шифров|加密|暗号|암호화"
    r"|(?:sichere|sécurisée|segura|sicura|beveiligde|bezpieczne|защищ[её]нн|безопасн)\w* "
    r"(?:verbind|connex|conex|connes|verbind|połącz|соедин)"
    rf"|{more.ENCRYPTION})"
)
"""Encryption of the connection."""

CERTIFICATE: Final = (
    r"(?:\bcert(?:s|\b|ifica)|zertifikat|certifik[aá]t|certificad|certyfika[ct]|sertifika"
    r"|серти[фf][иі]кат"
    r"|证书|證書|憑證|証明書|인증서"
    rf"|{more.CERTIFICATE})"
)
"""A certificate."""

OFF: Final = (
    r"(?:disabl|switched off|turned off|inactive|not (?:been )?(?:enabled|allowed|activated"
    r"|available|permitted|licensed|included)|nicht (?:aktiv|frei|erlaubt|verfüg|zugelassen"
    r"|enthalten|gestattet)|deaktiviert|gesperrt|abgeschaltet|désactivé|pas (?:activ|autoris|inclu"
    r"|compris)"
    r"|non (?:è |sono )?(?:activ|autoris|abilit|attiv|consent|inclu)|deshabilitad|desactivad"
    r"|no (?:está |se )?(?:habilit|activ|permit|inclu)|disabilitat|disattivat|desativad|desabilitad"
    r"|não (?:está |é |são )?(?:habilit|ativ|permit|inclu|autoriz)|wyłącz|nieaktyw|zakázán|vypnut"
    r"|(?:není|nejsou) povolen"
    r"|uitgeschakeld|sta(?:at|an) uit\b|niet (?:ingeschakeld|toegestaan|geactiveerd)|avstäng"
    r"|deaktiver|kapal."
    r"|devre d.ş.|отключ|запрещ|не (?:включ|разреш)|未开启|未開啟|未启用|未啟用|未开通|关闭|關閉"
    r"|inte (?:aktiv|tillåt|påslag)|ikke (?:aktiv|tillat|tilladt)|zablokow|verboten|untersagt"
    r"|interdit|prohib|proibi|vietat|verbod|zabron|förbjud|forbud|yasak|禁止"
    r"|不允许|不被允许|許可され(?:てい)?ま|許可しま|허용되지|금지"
    r"|禁用|無効|有効になってい?ま|비활성|사용 ?안"
    rf"|{more.OFF})"
)
"""Not switched on."""

APP: Final = (
    r"(?:\bapps?\b|애플리케이션|applica|anwendung|aplica[çc]|aplicativ|aplikac|aplikace|uygulama"
    r"|приложен|додатк"
    r"|授权码|授權碼|应用|應用|アプリ|앱|애플리케이션"
    rf"|{more.APP})"
)
"""An application, whose password is a password of its own."""

OUTSIDE_PROGRAM: Final = (
    r"(?:(?:third[- ]party|external|extern\w*|fremd\w*|tierc\w+|estern\w+|zewnętrzn\w+|внешн\w+"
    r"|сторонн\w+) (?:mail )?(?:app|prog|client|anwendung|appli|прил|прогр|клиент|kli)"
    r"|(?:app|applica\w+|aplica\w+|programm?[aei]s?|client[is]?|logiciels?|clientes?) "
    r"(?:(?:de messagerie|de correo|de e-?mail|di posta|mail) )?"
    r"(?:de terceros|estern|extern|tierc|tiers)|почтов\w+ (?:программ|клиент)"
    r"|extern\w+ (?:mailprogramma|poštovní|e-?mail|e-?post|post)|üçüncü taraf"
    r"|(?:programas?|clientes?) de (?:e-?mail|correo) (?:de )?(?:terceir|tercer)"
    r"|di terze parti|de terceiros"
    r"|第三方|外部.{0,6}(?:邮件|メール|アプリ|프로)|외부 (?:메일|앱|프로)|客户端)"
)
"""A mail program that is not the provider's own."""

RELAY: Final = (
    r"(?:\brelay(?!=|\d{0,4}\.[\w-]{2,40}\.[a-z])|\bröle\b|relais|relé|retransm|weiterleit"
    r"|weitergeleit|\breenv|reencamin"
    r"|encaminha"
    r"|inoltr"
    r"|doorst"
    r"|doorgest|przekaz|přepos|předáv|vidarebef|vidaresänd|videresend|viderebef|iletilme|aktarm"
    r"|válity|пересыл|релей|ретрансл|ретрансля|转发|轉發|中继|中繼|中継|릴레이"
    rf"|{more.RELAY})"
)
"""To pass mail on to another server."""

CHANGE: Final = (
    r"(?:chang|renew|\breset|\bupdat|geändert|ändern|erneuer|zurückgesetzt|modifi|renouvel|cambi"
    r"|renov"
    r"|alterad|alterar|trocad|redefin|gewijzigd|wijzig|vernieuw|zmieni|zmian|změn|ändra|byt(?:as"
    r"|a\b)"
    r"|endre|skift|değişt|измен|смен[еи]|сброси|更改|修改|重置|変更|변경)"
)
"""To put something else in its place."""

METHOD: Final = (
    r"(?:mechanism|method|scheme|verfahren|méthode|mécanisme|método|mecanismo|metodo|meccanismo"
    r"|mechanizm|metod|механизм|метод|способ|方式|方法|機構|メカニズム|방식|방법"
    rf"|{more.METHOD})"
)
"""A way to sign in."""

UNSUPPORTED: Final = (
    r"(?:not (?:\w+ )?support|unsupported|n't support|nicht (?:\w+ )?(?:unterstützt|verfügbar"
    r"|angeboten|anbiet)|(?:n't|not) (?:advertise|announce|offer|provide)"
    r"|(?:unterstützt|bietet) .{0,20}(?:kein|nicht)|(?:non|pas) (?:pris|support|gér|propos)"
    r"|(?:ne |n')(?:support|propos|prend|gèr|offr|annonc)"
    r"|no (?:es )?(?:compatible|soport|admit|ofrece|anuncia)"
    r"|non (?:è )?(?:support|offr|compatib|annunc|pubbl)|não (?:é )?(?:suport|oferec|anunc)"
    r"|niet (?:ondersteun|aangebod)|biedt .{0,24}niet|nie (?:oferuj|ogłasz)|nenabíz"
    r"|erbjuder inte|tilbyr ikke|tilbyder ikke|sunm[ua.]"
    r"|ondersteunt .{0,16}niet"
    r"|nieobsługiwan|nie (?:jest )?obsług|nepodpor|stöds inte|støttes ikke|understøttes ikke"
    r"|desteklen?m"
    r"|не поддержив|не предлага|не объявл|不支持|不支援|サポートされ|サポートして|対応してい"
    r"|지원하지|지원되지"
    rf"|{more.UNSUPPORTED})"
)
"""It is not among what is offered."""

PERMISSION: Final = (
    r"(?:permission|privilege|access right|berechtig|\brechte\b|droits?\b|autorisation|permiso"
    r"|autorizzazion|autorización"
    r"|permess|permiss[ãa]o|permissões|uprawni|oprávn|rechten\b|behörig|rettighed|tillatelse|yetki"
    r"|\bizn|прав\w* доступ|нет прав\b|разрешени|权限|權限|権限|권한"
    rf"|{more.PERMISSION})"
)
"""Leave to do something."""

UNKNOWN: Final = (
    r"(?:(?:unable to|could not|couldn't|cannot|can't|impossible de) (?:find|locate|trouver)"
    r"|(?:could|can) ?not be found"
    r"|konnte .{0,40}nicht gefunden|no se pudo encontrar|impossibile trovare"
    r"|não foi possível (?:encontrar|localizar)|nie można (?:znaleźć|odnaleźć)|nie znaleziono"
    r"|nelze (?:najít"
    r"|nalézt)|kan .{0,30}niet vinden|hittas inte|hittades inte|finner ikke|ble ikke funnet"
    r"|bulunamad"
    r"|не удалось найти|无法找到|找不到|찾을 수 없|unknown|no such|not found|nonexist"
    r"|unbekannt|nicht bekannt|nicht gefunden|existiert nicht"
    r"|inconnu|introuvable|n'existe pas|desconocid|no (?:se )?(?:existe|encontr)|sconosciut"
    r"|inesistent|non (?:esist|trovat)|desconhecid|não (?:existe|encontrad|é conhecid)|inexistent"
    r"|nieznan|nie istnieje|neznám|neexist|onbekend|bestaat niet|okänd|ukjent|ukendt|bilinmeyen"
    r"|ismeretlen|necunoscut|tuntematon|невідом|неизвестн|не найден|не существ|不存在|未知"
    r"|未找到|不知道|見つかり|不明"
    r"|存在しません|알 수 없|존재하지"
    rf"|{more.UNKNOWN})"
)
"""Nobody knows it."""


def near(one: str, other: str, gap: int = 40) -> str:
    """Combine two concepts into an expression: both within `gap` characters, in any order."""
    return rf"{one}.{{0,{gap}}}{other}|{other}.{{0,{gap}}}{one}"
