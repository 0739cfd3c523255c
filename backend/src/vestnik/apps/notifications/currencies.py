"""The currencies of ISO 4217: how many digits follow the point, and the signs that people know."""

from __future__ import annotations

# Currencies in use as money; funds, metals and test codes are left out.
_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW
KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK
PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG
"""
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"

MINOR_DIGITS: dict[str, int] = {
    **dict.fromkeys(_TWO_DIGITS.split(), 2),
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
}
"""Currency code to the digits after the point: 150000 minor units of RUB are 1500.00."""

_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "KZT": "₸", "UAH": "₴", "BYN": "Br", "GEL": "₾"}
_SIGN_FIRST = {"USD", "EUR", "GBP"}  # in English
_NBSP = "\N{NO-BREAK SPACE}"


def format_money(amount_minor: int, currency: str, language: str) -> str:
    """An amount as people write it: ``1 500,00 ₽`` in Russian, ``RUB`` amounts as ``1,500.00 ₽`` in English.

    The spaces do not break. A currency without a sign of its own keeps its code.
    """
    digits = MINOR_DIGITS[currency]
    minus = "-" if amount_minor < 0 else ""
    major, minor = divmod(abs(amount_minor), 10**digits)
    number = f"{major:,}" + (f".{minor:0{digits}d}" if digits else "")
    sign = _SIGNS.get(currency, currency)
    if language == "ru":
        number = number.replace(",", _NBSP).replace(".", ",")
        return f"{minus}{number}{_NBSP}{sign}"
    return f"{minus}{sign}{number}" if currency in _SIGN_FIRST else f"{minus}{number}{_NBSP}{sign}"
