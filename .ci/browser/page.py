"""Tests the page that `memwire compare --html` writes, in a headless Chromium.

Usage: page.py PAGE [SCREENSHOTS]. The page compares the results "right" and "wrong"; "wrong" fails
set/newline.
"""

import os
import sys

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def browser(scheme):
    options = webdriver.ChromeOptions()
    for flag in ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--no-first-run",
                 "--window-size=1200,900"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    driver = webdriver.Chrome(options=options, service=service)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    return driver


def rows(driver):
    return [row.text for row in driver.find_elements(By.CSS_SELECTOR, "#rows tr")]


def cell(driver, label):
    return driver.find_element(By.CSS_SELECTOR, f'button.cell[aria-label^="{label}"]')


def background(driver):
    return driver.execute_script("return getComputedStyle(document.body).backgroundColor")


def drive(driver, page, shots, scheme):
    def shot(name):
        if shots:
            driver.save_screenshot(os.path.join(shots, f"{name}-{scheme}.png"))

    driver.get("file://" + os.path.abspath(page))
    assert "right, wrong" in driver.title, driver.title
    everything = rows(driver)
    assert any("set/counted" in row for row in everything), everything
    assert "all" in driver.find_element(By.ID, "cards").text
    assert "✗" in cell(driver, "wrong, set/counted").text
    assert "✓" in cell(driver, "right, set/counted").text
    shot("matrix")

    driver.find_element(By.ID, "filter").send_keys("set/newline ")
    driver.find_element(By.ID, "unfold").click()
    some = rows(driver)
    assert any("set/newline" in row for row in some), some
    assert not any("key/" in row for row in some), some
    shot("filtered")

    cell(driver, "wrong, set/newline").click()
    details = driver.find_element(By.ID, "details")
    for part in ["wrong", "expected", "got", "split at its newline", "printf"]:
        assert part in details.text, (part, details.text)
    shot("details")
    details.send_keys(Keys.ESCAPE)
    assert not details.is_displayed()

    driver.find_element(By.ID, "filter").clear()
    driver.find_element(By.ID, "filter").send_keys(" ")
    driver.find_element(By.ID, "failing").click()
    assert not any("get/twice" in row for row in rows(driver))
    wide = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert driver.execute_script(wide), "the page scrolls sideways"
    driver.set_window_size(420, 900)
    assert driver.execute_script(wide), "the page scrolls sideways on a telephone"
    shot("narrow")
    errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors, errors
    return background(driver)


shots = sys.argv[2] if len(sys.argv) > 2 else None
backgrounds = set()
for scheme in ["light", "dark"]:
    driver = browser(scheme)
    try:
        backgrounds.add(drive(driver, sys.argv[1], shots, scheme))
    finally:
        driver.quit()
assert len(backgrounds) == 2, backgrounds
print("2 passed, 0 failed")
