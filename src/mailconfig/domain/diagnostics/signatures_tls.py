"""Signatures of TLS: OpenSSL's reasons and their forms in other libraries.

Sources: OpenSSL err.h and x509_vfy.h, Go crypto/tls and crypto/x509, Java JSSE, .NET SslStream,
GnuTLS, rustls, SChannel, and the alerts of RFC 8446, section 6.
"""

from typing import Final

from mailconfig.domain.diagnostics import vocabulary_languages as said
from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.families import WELL_KNOWN_HOSTS, Family
from mailconfig.domain.diagnostics.signatures import (
    SMTP,
    Signature,
    families,
    phases,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import (
    CERTIFICATE,
    EXPIRED,
    UNSUPPORTED,
    WRONG,
    near,
)

_UP_TO_DATE: Final = families(*Family)

_DIFFERS: Final = (
    r"(?:(?:neobsahuje|nie zawiera|n[oe]n? contiene|não contém|innehåller inte|не содержит)"
    r"(?=.{0,24}(?:název|jméno|nazw|nom[ei]|namn|имен))|stimmt nicht|passt nicht|ne figure pas"
    r"|no figura|ne correspond pas|no coincide"
    r"|no corresponde|non corrisponde"
    r"|não corresponde|nie pasuje|nie zgadza|nie odpowiada|neodpovíd|neshoduj|komt niet overeen"
    r"|matchar inte|samsvarer ikke|eşleşmi|uyuşmu|не соответств|не совпад|不匹配|不符|不一致"
    r"|一致しま"
    r"|일치하지)"
)
"""Two names are not the same."""
_FOR_ANOTHER: Final = (
    r"(?:für (?:einen |eine )?ander|pour un autre|para otr[oa]|per un altro|para outr|dla inn"
    r"|voor een ander|för ett annat|for et annet|pro jin|başka bir (?:ad|sunucu|alan)|для друг"
    r"|其他(?:主机|域名|服务器)|別の(?:ホスト|サーバ|ドメイン))"
)
"""Made out to another name."""
_NOT_YET: Final = (
    r"(?:in the future|in der zukunft|dans (?:le futur|l'avenir)|en el futuro|nel futuro|no futuro"
    r"|in de toekomst|w przyszłości|в будущем|将来|未来"
    r"|noch nicht|pas encore|aún no|todavía no|non ancora|non è ancora|ainda não|jeszcze nie"
    r"|ještě není|nog niet|ännu inte|ennå ikke|henüz|ещё не|еще не|尚未|まだ|아직)"
)
_CHAIN: Final = (
    r"(?:chain|kette|chaîne|cadena|catena|cadeia|keten|łańcuch|řetěz|kedja|kjede|zincir|цепочк|链"
    r"|鏈"
    r"|チェーン|체인)"
)
_INCOMPLETE: Final = (
    r"(?:incompl|unvollständ|onvolledig|niekomplet|niepełn|neúpln|ufullst|ofullst|eksik|неполн"
    r"|不完整|不完全|불완전)"
)
_BETWEEN: Final = (
    r"(?:zwischenzertifikat|zwischenstelle|intermédiaire|intermedi|intermediá|tussenliggend"
    r"|pośredni|mezilehl|промежуточн|中间证书|中間証明書|중간 인증서)"
)
_MISSING: Final = (
    r"(?:missing|fehl|manqu|absent|falta|manca|ontbre|brak|chyb|saknas|mangler|отсутств|缺|ありませ"
    r"|없)"
)
_PROTOCOL: Final = (
    r"(?:protokoll|protocole|protocol|protocollo|protokół|protok[oó]l|протокол|协议|協定|プロトコル"
    r"|프로토콜)"
)
_DISTRUST: Final = (
    r"(?:nicht (?:als )?(?:vertrau|anerkannt)|unbekannte\w* (?:aussteller|zertifiz|stelle)"
    r"|pas (?:approuv|fiable|reconnu|digne|de confiance)|autorité inconnue"
    r"|no (?:es |se )?(?:de )?confia|emisor desconocido|non (?:è )?(?:attendibil|affidabil|ritenut"
    r"|considerat)|não (?:é )?(?:de )?confi|niezaufan|nie jest zaufan|nedůvěryhodn|není důvěryhodn"
    r"|niet vertrouwd|inte (?:be)?trod|ikke (?:klarert|betrodd|er tillid)|güvenil\w*mez"
    r"|недоверен|не довер|не является доверен|неизвестн\w* (?:центр|издат)|不受信任|不可信|未受信任"
    r"|信頼され|信頼でき|신뢰할 수 없)"
)

_OR_NOT_YET: Final = rf"{EXPIRED}.{{0,16}}(?:{_NOT_YET}|not (?:yet valid|valid yet))"
"""What programs say that do not tell which of the two it is: nearly always the first."""
_PRINCIPAL: Final = (
    r"(?:zielprinzipal|principal cible|entidad de (?:seguridad de )?destino|entità di destinazione"
    r"|principal do destino|doelprincipal|docelow\w+ nazw\w+ główn|cílov\w+ (?:objekt|název)"
    r"|главное конечное имя|目标主体|目標主體|ターゲット ?プリンシパル|대상 (?:보안 )?주체)"
)
"""The target principal: how SChannel calls the server's name (SEC_E_WRONG_PRINCIPAL)."""
_NAME: Final = r"(?:\bnames?|\bnom|nombre|\bnome|naam|nazwa|název|имя|名称|名稱|名前|이름)"

_NAME_MISMATCH: Final = words(
    rf"0x80090322|{_PRINCIPAL}.{{0,24}}(?:{WRONG}|{_DIFFERS})|(?:{WRONG}).{{0,8}}{_PRINCIPAL}",
    rf"{_NAME}.{{0,30}}{CERTIFICATE}.{{0,30}}(?:{WRONG}|{_DIFFERS})",
    r"host ?name (?:verif\w+|validation) (?:has )?failed|identity .{0,40}issued (?:to|for)",
    r"(?:\bcn\b|common name|certificate).{0,80}\bdiffers\b",
    r"certificate (?:is for|belongs to|was issued (?:to|for)) \S+,? (?:but|not|expected|instead)",
    rf"{CERTIFICATE}.{{0,24}}(?:gilt|gültig|valable|valid|váli|действит|ważn|geldig|platn|giltig"
    r"|gyldig|geçerli|有效|有効)\w*.{0,30}(?:\bfür|pour|\bpara|\bper|для|\bdla|\bvoor|\bpro\b|\bför"
    r"|\bfor|için)\b.{0,40}(?<![\w.])[*a-z0-9-]+(?:\.[a-z0-9-]+)+",
    r"(?:unable to|cannot|could not|failed to) match .{0,24}name",
    r"bad cert domain|0x800B010F|errSSLHostNameMismatch|-9843\b|any ip sans",
    r"host ?name[_ ]check[_ ]failed|host ?name .{0,80}not verified"
    r"|no alternative certificate subject name|(?:only"
    r"|is) valid for (?:dnsname|the following)",
    r"cannot validate certificate for \S+ because",
    near(CERTIFICATE, _DIFFERS, 70),
    near(CERTIFICATE, rf"(?:{said.DIFFERS}|{said.ONLY_FOR})", 60),
    near(rf"(?:{said.PRINCIPAL})", WRONG, 24),
    rf"{CERTIFICATE}.{{0,40}}{_FOR_ANOTHER}",
    r"host ?name mismatch|(?:name|host|cn)\b.{0,60}(?:doesn't|does not|did not) match",
    r"ALTNAME_INVALID|certificate is (?:not )?valid for",
    r"not valid for (?:the )?(?:requested )?(?:host|name)",
    r"no subject alternative|no name matching|NameMismatch|NotValidForName|ip address mismatch",
    r"(?:principal|common|target|subject) name .{0,40}(?:incorrect|mismatch|invalid|not match)",
    r"unrecognized[_ ]name|certificate .{0,60}(?:for|belongs to) (?:another|a different)",
    r"did not match expected cn",
    r"certificate'?s? .{0,40}(?:does not|doesn't|did not) match|CN_NO_MATCH",
    r"stimmt nicht mit .{0,40}(?:überein|host)|ne correspond pas|no coincide|non corrisponde",
    r"не соответствует|不匹配|一致しません|não corresponde",
)

CERTIFICATES: Final = (
    Signature(
        Code.CERT_EXPIRED,
        words(near(CERTIFICATE, _OR_NOT_YET, 40)),
        without=words(r"is before \d{4}-|notBefore"),
    ),
    # The chain is built, but a part of it is too weak (Java's disabled algorithms)
    Signature(Code.TLS_TOO_OLD, words(r"algorithm constraints|wrong signature type")),
    # "expired or is not yet valid" (Go) is expired unless the dates say "is before"
    Signature(
        Code.CERT_NOT_YET_VALID,
        words(
            r"(?<!expired or is )not yet valid|is before \d{4}-|NotYetValid|notBefore: ",
            r"0x800B0102|-9815\b|\(9\) at depth|certificate not yet active",
            near(CERTIFICATE, _NOT_YET, 50),
            near(CERTIFICATE, rf"(?:{said.NOT_YET})", 50),
            r"\bASN .{0,24}current date before",
            r"not yet activ|num=9:|not valid before|noch nicht gültig|pas encore valide"
            r"|todavía no es válido",
            r"not valid yet|尚未生效|ещё не действ|еще не действ|not yet active"
            r"|NotTimeValid.*before",
        ),
        without=words(r"token (?:is )?not|\(?\b(?:nbf|iat)\b|\bjwt\b"),
    ),
    Signature(
        Code.CERT_EXPIRED,
        words(
            # SChannel and CryptoAPI, SecureTransport, CFNetwork, OpenSSL's number, Java
            r"0x800B0101|0x80090328|-9814\b|HasBadDate|\(10\) at depth|validity check failed",
            near(CERTIFICATE, EXPIRED, 50),
            r"certificate (?:has |is )?expired|CERT_HAS_EXPIRED|CertificateExpired|alert 45\b",
            r"expired certificate|cert(?:ificate)?[ _].{0,30}expired|notAfter: |num=10:",
            r"NotTimeValid|certificate .{0,40}(?:ran out|no longer valid)|\bout of date\b",
            r"past (?:its |the )?(?:valid|expir)|not within its valid",
            r"abgelaufen.{0,30}zertifikat|current date after",
            r"zertifikat .{0,30}abgelaufen|certificat .{0,30}(?:expiré|périmé)",
            r"certificado .{0,30}(?:expir|caduc|vencid)|certificato .{0,30}scadut",
            r"сертификат.{0,40}ист[её]к|证书.{0,6}过期",
            r"срок действия сертификата|証明書.{0,20}期限",
            near(CERTIFICATE, r"(?:gått ut|gået ud|minęła|upłynęł|uplynul)", 40),
            r"(?:validit[àéy]|validez|validade|gültigkeit)\b.{0,40}(?:terminat|terminad|terminé"
            r"|beendet|geendet|ended)",
        ),
    ),
    # A provider's certificate always fits; another's means that the connection was redirected
    Signature(
        Code.SMTP_INTERCEPTED,
        words(
            rf"(?:{WELL_KNOWN_HOSTS.pattern}).{{0,200}}altnames: (?!.{{0,80}}(?:google|outlook))"
        ),
        protocol=SMTP,
    ),
    Signature(
        Code.SMTP_INTERCEPTED,
        words(
            r"cn=`?\S{0,60}(?:secureserver|bluehost|hostgator|websitewelcome|ovh|cpanel"
            r"|host)\S{0,40}"
            rf" did not match expected cn=`?(?:{WELL_KNOWN_HOSTS.pattern})",
            r"valid for \S{0,200}(?:secureserver|bluehost|hostgator|websitewelcome|cpanel)"
            rf"\S{{0,60}},? not (?:{WELL_KNOWN_HOSTS.pattern})",
        ),
    ),
    # A certificate of a machine's own set-up fits no name that a user could enter
    Signature(
        Code.CERT_NAME_MISMATCH,
        words(
            r"(?:valid (?:only )?for|is for|issued (?:to|for)|cn ?= ?|dns:|altnames: ?)"
            r" ?['\"`]?(?:localhost|\*(?![\w.])|[\w-]+\.(?:local|localdomain|internal|lan|invalid)"
            r"|(?:debian|ubuntu|centos|plesk|default|snakeoil)\b)",
            r"legacy common name",  # a name in a place where nobody looks any more (Go)
        ),
        without=words(r"self[- _]?signed"),
        fixable_by=FixableBy.PROVIDER_ADMIN,
    ),
    # A name that was compared with its port (the program's fault)
    Signature(
        Code.CERT_NAME_MISMATCH,
        words(r"\bnot (?:valid )?(?:for )?['\"]?(?!\d)[\w-]+(?:\.[\w-]+)+:\d{2,5}\b"),
        fixable_by=FixableBy.OPERATOR,
    ),
    Signature(Code.CERT_NAME_MISMATCH, _NAME_MISMATCH),
    # A chain that ends in a self-signed root is a private authority, not a self-signed server
    Signature(
        Code.CERT_UNTRUSTED_ROOT,
        words(
            r"self[- _]signed certificate in (?:the )?(?:certificate )?chain",
            r"SELF_SIGNED_CERT_IN_CHAIN|num=19:|\(19\) at depth|root certificate which is not",
            # an issuer is missing behind an intermediate that was sent: its root is not known here
            r"depth=[1-9][^=]{0,20}=.{0,300}num=20:(?!.{0,200}num=21:)|error 20 at [1-9] depth",
        ),
    ),
    Signature(
        Code.CERT_SELF_SIGNED,
        words(
            r"self[- _]?signed|DEPTH_ZERO_SELF_SIGNED|num=18:|alert bad certificate",
            r"alert number 42",
            r"signed by itself|(?:issuer and subject|subject and issuer) are (?:the same|ident)",
            r"selbst[- ]?sign|auto-?sign|auto-?firma[dt]|auto-?assinad|zelf ?onderteken|samopodpis"
            r"|samopodeps|själv ?sign|selv ?sign|kendinden imzal|önaláír|самоподписан|самозавер"
            r"|自签|自簽|自己署名|자체 서명",
            r"CaUsedAsEndEntity",
            said.SELF_SIGNED,
        ),
    ),
    # At public servers the missing issuer is nearly always an intermediate that is not sent
    Signature(
        Code.CERT_CHAIN_INCOMPLETE,
        words(
            r"unable to get (?:local )?issuer|UNABLE_TO_GET_ISSUER_CERT|Partial[_ ]?Chain"
            r"|num=2[01]:",
            r"incomplete (?:certificate )?chain|chain .{0,20}(?:incomplete|missing)",
            r"missing (?:an? )?intermediate|intermediate .{0,30}missing|\(2[01]\) at depth 0",
            r"unable to verify the (?:first|leaf)|UNABLE_TO_VERIFY_LEAF",
            near(_CHAIN, _INCOMPLETE, 24),
            near(_BETWEEN, _MISSING, 40),
        ),
    ),
    # The server does not know a certificate that the client was asked for, or the issuer is foreign
    Signature(
        Code.CERT_UNTRUSTED_ROOT,
        words(
            r"unknown (?:certificate )?authority|unknown[_ ]ca\b|UnknownIssuer|UntrustedRoot",
            r"unknown issuer|untrusted (?:issuer|root)|certificate[_ ]unknown"
            r"|(?:load|no|missing) (?:\w+ )?root(?:s|\b certif|\b store)"
            r"|unknown certif\w+ auth",
            # SecureTransport, CryptoAPI, SChannel
            r"-98(?:07|08|12|13)\b|0x800B0109|0x800B010A|0x80090325"
            r"|issuer certificate .{0,60}found",
            near(CERTIFICATE, _DISTRUST, 80),
            said.UNKNOWN_ISSUER,
            r"\bCRL\b|revocation|no signer",
            r"certificate (?:\w+ ){1,6}is (?:invalid|not valid)|-1202\b",
            r"PKIX path|valid certification path|not trusted|untrusted|alert number 4[68]\b",
            r"certificate[_ ]verif\w+[_ ]failed|certificate verify failed",
            r"invalid (?:peer )?certificate",
            r"(?:cert\w*|ssl|tls|peer|chain|server identity)\b.{0,30}verif\w+ (?:has )?failed"
            r"|RemoteCertificateChainErrors|remote certificate is invalid",
            r"trust (?:anchor|failure)|nicht vertrauenswürdig|pas (?:de )?confiance",
            r"no es de confianza",
            r"не является доверенн|不受信任|信頼されて|certificate.{0,20}revoked"
            r"|issuer is not recognized",
            r"certificate problem|(?:peer|server) certificate .{0,30}(?:reject|invalid|refus)",
        ),
        phases=phases(
            Phase.TLS,
            Phase.STARTTLS,
            Phase.CONNECT,
            Phase.TOKEN,
            Phase.DISCOVERY,
            Phase.AUTH,
            Phase.GREETING,
        ),
    ),
)
"""Certificates, in order of precedence."""

HANDSHAKE: Final = (
    Signature(
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
        words(
            r"wrong[_ ]version[_ ]number|WRONG_SSL_VERSION|unknown[_ ]protocol|0A00010B|1408F10B",
            r"does not look like a tls|plaintext connection|unexpected packet format|http request",
            r"packet length too long|unexpected tls packet|InvalidContentType|RECORD_TOO_LONG",
            r"wants a read first|record layer failure|corrupt message of type",
            r"not an ssl/tls record|reserved for plain-?text|0x800CCC1A|0x80090308",
            r"packet is too large|invalid tls (?:record|header)|bad record type",
            r"frame .{0,20}corrupt",
            r"unexpected_message.{0,20}plain|cannot determine the frame size|record[_ ]overflow",
            r"RECORD_LAYER|unrecognized ssl message",
        ),
        phases=phases(Phase.TLS, Phase.CONNECT, Phase.GREETING, Phase.STARTTLS, Phase.AUTH),
        without=words(r"(?:did(?:n't| not)|not|no) .{0,12}starttls in"),
    ),
    # A server that is up to date beyond doubt: what is old is here
    Signature(
        Code.TLS_TOO_OLD,
        words(
            r"no appropriate protocol|no[_ ]protocols[_ ]available|no ciphers? (?:suites? )?avail"
        ),
        families=_UP_TO_DATE,
        fixable_by=FixableBy.OPERATOR,
    ),
    Signature(
        Code.TLS_TOO_OLD,
        words(
            r"protocol[_ ]version|unsupported[_ ]protocol|handshake[_ ]failure|no[_ ]shared[_ ]ciph"
        ),
        families=_UP_TO_DATE,
        phases=phases(Phase.TLS, Phase.CONNECT, Phase.STARTTLS),
        fixable_by=FixableBy.OPERATOR,
        without=words(r"unexpected eof"),
    ),
    Signature(
        Code.TLS_TOO_OLD,
        words(
            # SecureTransport, SChannel
            r"-98(?:01|24|36)\b|0x80090331|0x80090326|cyph?er overlap|algorithm mismatch",
            r"unsupported version|(?:inadequate|weak) .{0,24}key|algorithm disabled",
            r"protocol[_ ]version|unsupported[_ ]protocol|no[_ ]protocols[_ ]available",
            r"alert number 70\b",
            r"handshake[_ ]failure|no[_ ]shared[_ ]cipher|no cipher|alert number (?:40|71|86)\b",
            r"key[_ ](?:is )?too[_ ]small|(?:md|signature|digest"
            r"|cipher)[_ ](?:is )?too[_ ]weak|legacy[_ ]sigalg",
            r"SHA-?1\b.{0,30}insecure",
            r"unsafe[_ ]legacy|inappropriate[_ ]fallback|no appropriate protocol",
            r"cipher suites? (?:are|in)",
            r"(?:\bdh\b|diffie-hellman|prime|modulus)\b.{0,60}(?:not accept|too (?:short|small)"
            r"|not long enough)",
            r"negotiate (?:an? )?(?:\w+ ){0,3}(?:cipher|protocol|version)",
            r"unsupported protocol version|VERSION_OR_CIPHER|insufficient[_ ]security",
            r"weak (?:dh|cipher)",
            r"no (?:common|mutual|supported) (?:tls|ssl|cipher|protocol|algorithm)",
            near(_PROTOCOL, UNSUPPORTED, 30),
            # SChannel's "do not possess a common algorithm" in the languages of Windows
            r"gemeinsam\w* algorithm|algorithme commun|algoritmos? com[uú]|algoritmo in comune"
            r"|wspóln\w+ algorytm|gemeenschappelijk\w* algorit|společn\w+ algorit"
            r"|ortak .{0,8}algorit|общ\w+ алгоритм|(?:公共|通用|共同|一般).{0,3}(?:算法|演算法)"
            r"|共通.{0,4}アルゴリズム|공통.{0,4}알고리즘",
            said.COMMON_ALGORITHM,
            r"sslv3\b.{0,20}disabled",
            r"古い.{0,12}tls|tls.{0,12}古い|(?:过旧|过时|旧版).{0,8}tls",
            r"PEER_INCOMPATIBLE|PeerIncompatible|common algorithm|outdated tls|tls 1\.[01]\b.{0,40}"
            r"(?:not|no longer|disabled|deprecated|rejected)|tls version.{0,30}(?:not|too|unsupp)",
        ),
        without=words(r"unexpected eof|(?:address|protocol) family"),
        phases=phases(Phase.TLS, Phase.CONNECT, Phase.GREETING, Phase.STARTTLS, Phase.AUTH),
    ),
    # The connection stood when the handshake began: a hidden reason is mostly the certificate
    Signature(
        Code.CERT_UNTRUSTED_ROOT,
        words(r"error connecting|could not connect|unable to connect|connection .{0,40}failed"),
        phases=phases(Phase.TLS),
        without=words(r"timed? ?out|reset|eof|refused|unexpected|closed"),
    ),
)
"""Handshakes, in order of precedence, before the rows of the network."""
